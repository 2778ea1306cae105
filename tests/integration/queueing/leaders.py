"""Leaders on a bad line: the real Ledger, and beside it a plain model of what it must do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from scanyard.queueing.errors import Fenced, LedgerUnavailable, Stale
from scanyard.queueing.operations import Operation, Placement
from tests.integration.queueing.model import ModelRedis

Reply = list[str]
Send = Callable[[ModelRedis], Reply]


class Fate(Enum):
    """What becomes of a command on its way."""

    ANSWERED = "answered"
    LOST = "lost before it ran"
    UNANSWERED = "ran, but the answer was lost"
    DELAYED = "held up on the way; it may still arrive"


class BadLine:
    """Wraps the script calls of a real client, and does to each what fate says."""

    def __init__(self, client: Redis) -> None:
        self.fates: deque[Fate] = deque()
        self._delayed: list[tuple[Any, ...]] = []
        self._evalsha: Callable[..., Any] = client.evalsha
        client.evalsha = self.evalsha  # type: ignore[method-assign, assignment]

    async def evalsha(self, *words: Any) -> Any:
        """Stand in for the client's own method."""
        fate = self.fates.popleft() if self.fates else Fate.ANSWERED
        if fate is Fate.DELAYED:
            self._delayed.append(words)
        if fate in (Fate.LOST, Fate.DELAYED):
            raise RedisConnectionError(fate.value)
        reply = await self._evalsha(*words)
        if fate is Fate.UNANSWERED:
            raise RedisConnectionError(fate.value)
        return reply

    async def arrive(self, index: int) -> None:
        """Let a delayed command run now; its answer goes nowhere."""
        await self._evalsha(*self._delayed.pop(index))


class ModelLeader:
    """What Ledger knows and does, with one try for each command."""

    def __init__(self, redis: ModelRedis, fence: int) -> None:
        self.redis = redis
        self.fence = fence
        self.fates: deque[Fate] = deque()
        self.delayed: list[Send] = []
        self._seq = 0
        self._last_used_seq = 0
        self._open: tuple[int, Sequence[Operation]] | None = None
        self._refusal: type[Exception] | None = Stale

    def rebuild(self, now: int, chunks: Sequence[Sequence[Placement]]) -> None:
        """Raise what Ledger.rebuild raises."""
        if self._refusal is Fenced:
            raise Fenced(self.fence, 0)
        self._refusal, self._open = Stale, None
        generation = max(now, self._last_used_seq + 1)
        self._last_used_seq = generation
        while (reply := self._send(_begin(self.fence, generation)))[0] == "BEHIND":
            generation = max(generation, int(reply[1])) + 1
            self._last_used_seq = generation
        for index, chunk in enumerate(chunks):
            self._send(_chunk(self.fence, generation, index, chunk))
        self._send(_commit(self.fence, generation, len(chunks)))
        self._seq, self._refusal = generation, None

    def apply(self, operations: Sequence[Operation]) -> list[str]:
        """Return or raise what Ledger.apply does."""
        self.settle()
        self._last_used_seq = self._seq + 1
        self._open = (self._last_used_seq, operations)
        return self.settle()

    def check(self) -> None:
        """Raise what Ledger.check raises."""
        self.settle()
        self._send(self._read)

    def settle(self) -> list[str]:
        """Send the open batch again, if there is one."""
        if self._refusal:
            raise self._refusal(self.fence, 0) if self._refusal is Fenced else Stale("")
        if not self._open:
            return []
        seq, operations = self._open
        reply = self._send(lambda redis: redis.apply(self.fence, seq, operations))
        self._seq, self._open = seq, None
        return reply[1].split()

    def _read(self, redis: ModelRedis) -> Reply:
        current = redis.ledger is not None and redis.ledger.seq == self._seq
        return redis.refuse(self.fence) or (["OK"] if current else ["STALE"])

    def _send(self, send: Send) -> Reply:
        fate = self.fates.popleft() if self.fates else Fate.ANSWERED
        if fate is Fate.DELAYED:
            self.delayed.append(send)
        if fate in (Fate.LOST, Fate.DELAYED):
            raise LedgerUnavailable(fate.value)
        reply = send(self.redis)
        if fate is Fate.UNANSWERED:
            raise LedgerUnavailable(fate.value)
        if reply[0] == "FENCED":
            self._refusal = Fenced
            raise Fenced(self.fence, int(reply[1]))
        if reply[0] == "STALE":
            self._refusal, self._open = Stale, None
            raise Stale("")
        return reply


def _begin(fence: int, generation: int) -> Send:
    return lambda redis: redis.begin(fence, generation)


def _commit(fence: int, generation: int, chunks: int) -> Send:
    return lambda redis: redis.commit(fence, generation, chunks)


def _chunk(fence: int, generation: int, index: int, placements: Sequence[Placement]) -> Send:
    return lambda redis: redis.chunk(fence, generation, index, placements)
