"""Keys that want to be looked at: each at most once in the queue and once in work."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from scanyard.controller.backoff import delay


class WorkQueue:
    """Keys wait in order of arrival; one that is added while in work comes again afterwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ready: deque[str] = deque()
        self._waiting: set[str] = set()
        self._in_work: set[str] = set()
        self._again: set[str] = set()
        self._later: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._order = itertools.count()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: str) -> None:
        """Look at the key as soon as possible."""
        if key in self._in_work:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._changed.set()

    def add_after(self, key: str, seconds: float) -> None:
        """Look at the key at the latest in so many seconds."""
        due = self._clock() + max(seconds, 0.0)
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        self._changed.set()

    def retry(self, key: str) -> None:
        """Look again after a capped, jittered back-off that grows while the key keeps failing."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, delay(failures))

    def succeeded(self, key: str) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)

    @asynccontextmanager
    async def next(self) -> AsyncIterator[str]:
        """Wait for a key and hold it for the time of the block."""
        key = await self._take()
        self._in_work.add(key)
        try:
            yield key
        finally:
            self._in_work.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)

    async def _take(self) -> str:
        while True:
            self._promote()
            if self._ready:
                key = self._ready.popleft()
                self._waiting.discard(key)
                return key
            self._changed.clear()
            timeout = self._later[0][0] - self._clock() if self._later else None
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with
            # the event, and this process would never end.
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._changed.wait()

    def _promote(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)
