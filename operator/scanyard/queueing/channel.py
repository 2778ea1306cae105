"""One script call after another: sent again until Redis answers, or until time is up.

Repeating is safe because each script is idempotent (see lua/*.lua); nothing here decides.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from redis import exceptions
from redis.asyncio import Redis

from scanyard.queueing.errors import InvalidBatch, LedgerMisconfigured, LedgerUnavailable
from scanyard.queueing.faults import misconfiguration, told
from scanyard.queueing.scripts import Script

_T = TypeVar("_T")

#: Called with a script's name and the seconds that its answer took, once for each answer.
Observe = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the ledger waits for an answer, in all, and between two tries (full jitter).

    No try begins later than `give_up_seconds` after the first.
    """

    command_timeout_seconds: float = 2.0
    give_up_seconds: float = 5.0
    first_backoff_seconds: float = 0.05
    longest_backoff_seconds: float = 1.0


class Channel:
    """Calls scripts on one Redis client, which nobody else may use."""

    def __init__(self, client: Redis, timing: Timing, observe: Observe) -> None:
        self._client = client
        self._timing = timing
        self._observe = observe

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[str]) -> Any:
        """Call a script until it answers, and return its reply.

        Raises LedgerUnavailable when time is up (the script may have run), LedgerMisconfigured
        where only a person can help, InvalidBatch if the script refused its arguments.
        """
        return await self._repeat(script.name, lambda: self._evaluate(script, keys, arguments))

    async def ask(self, name: str, question: Callable[[Redis], Awaitable[_T]]) -> _T:
        """Ask the client something that changes nothing until it answers; raises as `call` does."""
        return await self._repeat(name, lambda: question(self._client))

    async def _evaluate(self, script: Script, keys: Sequence[str], arguments: Sequence[str]) -> Any:
        try:
            return await self._client.evalsha(script.sha, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:  # a Redis that has forgotten it, so it has not run
            return await self._client.eval(script.text, len(keys), *keys, *arguments)

    async def _repeat(self, name: str, attempt: Callable[[], Awaitable[_T]]) -> _T:
        cancelled = _cancellations()
        deadline = time.monotonic() + self._timing.give_up_seconds
        backoff = self._timing.first_backoff_seconds
        while True:
            started = time.monotonic()
            try:
                async with asyncio.timeout(self._timing.command_timeout_seconds):
                    reply = await attempt()
            except (exceptions.RedisError, OSError, TimeoutError) as error:
                _end_if_cancelled_since(cancelled)
                _raise_if_hopeless(error)
                await self._disconnect()
                pause = random.uniform(0, backoff)  # noqa: S311 - spreads load, hides nothing
                if time.monotonic() + pause >= deadline:
                    raise LedgerUnavailable(
                        f"Redis does not answer {name}: {told(error)}"
                    ) from error
                await asyncio.sleep(pause)
                backoff = min(backoff * 2, self._timing.longest_backoff_seconds)
            else:
                _end_if_cancelled_since(cancelled)
                self._observe(name, time.monotonic() - started)
                return reply

    async def _disconnect(self) -> None:
        """Let the next try find its way anew: after a failover the old way leads to a replica."""
        with suppress(exceptions.RedisError, OSError):
            await self._client.connection_pool.disconnect()


def _cancellations() -> int:
    """How often the current task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _end_if_cancelled_since(cancelled: int) -> None:
    """The client writes by wait_for: before Python 3.12 it swallows what comes once it has written.

    Whoever went on then would go on for ever, in a process that waits for the end of all its tasks.
    """
    if _cancellations() > cancelled:
        raise asyncio.CancelledError


def _raise_if_hopeless(error: Exception) -> None:
    text = str(error)
    if text.startswith("SCANYARD_INVALID"):
        raise InvalidBatch(text.removeprefix("SCANYARD_INVALID ")) from error
    mend = misconfiguration(error)
    if mend is not None:
        raise LedgerMisconfigured(mend) from error
