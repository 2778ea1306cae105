"""Strikes one request of the operator that runs in this process, and writes down all of them.

It stands right before the API server and Redis: the operator's own code is as it always is, and
sees what it would see of a real fault. kopf's watches do not go through it.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import aiohttp
from redis import exceptions
from redis.asyncio import Redis

from scanyard.kube.client import KubeClient
from tests.crashpoints import naming
from tests.crashpoints.points import Fault, Moment

#: In the operator's folder: it counts once ARMED is there; TRACE tells what it did.
ARMED: Final = "armed"
TRACE: Final = "trace"
#: Before a line of the trace: not counted yet; the fault.
UNARMED, STRUCK = "-", "!"

_REFUSALS: Final = {
    Moment.CONFLICT: (409, "Conflict"),
    Moment.TOO_MANY: (429, "TooManyRequests"),
    Moment.SERVER_ERROR: (500, "InternalError"),
}


class Layer:
    """Counts requests by kind, and knows which one to strike."""

    def __init__(self, folder: Path, fault: Fault | None) -> None:
        self._armed = folder / ARMED
        self._fault = fault
        self._counts: Counter[str] = Counter()
        # Unbuffered: the process may be killed right after any line.
        self._trace = os.open(folder / TRACE, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def moment(self, kind: str) -> Moment | None:
        """What is to happen to this request; it is counted and written down."""
        if not self._armed.exists():
            self._write(UNARMED, kind)
            return None
        self._counts[kind] += 1
        nth = self._counts[kind]
        fault = self._fault
        if fault is None or (kind, nth) != (fault.kind, fault.nth):
            self._write(kind, str(nth))
            return None
        self._write(STRUCK, str(fault))
        return fault.moment

    def _write(self, *words: str) -> None:
        os.write(self._trace, (" ".join(words) + "\n").encode())


def install(layer: Layer) -> None:
    """Put the layer under every client that this process makes from now on."""
    enter = KubeClient.__aenter__
    execute: Callable[..., Awaitable[Any]] = Redis.execute_command

    async def entered(client: KubeClient) -> KubeClient:
        await enter(client)
        assert client._session is not None
        client._session = cast("aiohttp.ClientSession", _Session(client._session, layer))
        return client

    async def executed(client: Redis, *words: Any, **options: Any) -> Any:
        moment = layer.moment(naming.of_command(words))
        return await _command(moment, lambda: execute(client, *words, **options))

    # Classes, since parts of the operator import the names.
    KubeClient.__aenter__ = entered  # type: ignore[method-assign, assignment]
    Redis.execute_command = executed  # type: ignore[method-assign, assignment]


async def _command(moment: Moment | None, send: Callable[[], Awaitable[Any]]) -> Any:
    """One Redis command, struck at that moment."""
    if moment is Moment.KILL_BEFORE:
        _die()
    if moment is Moment.LOADING:
        raise exceptions.BusyLoadingError("Redis is loading the dataset in memory")
    try:
        reply = await send()
    except exceptions.ResponseError:
        if moment is None:
            raise
        reply = None  # a refusal is an answer, too
    if moment is Moment.KILL_AFTER:
        _die()
    if moment is Moment.TIMED_OUT:
        raise exceptions.TimeoutError("Timeout reading from Redis")
    if moment is Moment.CUT:
        raise exceptions.ConnectionError("Connection closed by server.")
    return reply


class _Session:
    """As much of an aiohttp session as KubeClient uses."""

    def __init__(self, session: aiohttp.ClientSession, layer: Layer) -> None:
        self._session = session
        self._layer = layer

    async def close(self) -> None:
        await self._session.close()

    @asynccontextmanager
    async def request(self, method: str, url: str, **options: Any) -> AsyncIterator[Any]:
        moment = self._layer.moment(naming.of_request(method, url, options.get("json")))
        if moment is Moment.KILL_BEFORE:
            _die()
        if moment in _REFUSALS:
            yield _Refusal(*_REFUSALS[moment])
            return
        async with self._session.request(method, url, **options) as response:
            if moment is not None:
                await response.read()  # the request has been carried out
            if moment is Moment.KILL_AFTER:
                _die()
            if moment is Moment.TIMED_OUT:
                raise TimeoutError
            yield _Cut(response.status) if moment is Moment.CUT else response


class _Cut:
    """An answer whose body never came."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def read(self) -> NoReturn:
        raise aiohttp.ClientPayloadError("Response payload is not completed")


class _Refusal:
    """An answer that the API server gives instead of doing anything."""

    headers: Final[dict[str, str]] = {}

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason

    async def read(self) -> bytes:
        told = {"kind": "Status", "status": "Failure", "message": f"{self.reason} by the test"}
        return json.dumps(told | {"reason": self.reason, "code": self.status}).encode()


def _die() -> NoReturn:
    """As the kernel does it to a process that is out of memory: nothing is said, nothing closed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL is not survived")
