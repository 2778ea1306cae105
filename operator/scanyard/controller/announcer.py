"""Telling the waiting that they wait: after 2 s, head first, at a bounded rate of writes.

A ScanJob that is admitted at once is never shown as Queued, which saves one write per scan; and
a burst of thousands does not take the API server from those that run.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from typing import NoReturn

from scanyard.controller.context import Context
from scanyard.controller.placement import Standing
from scanyard.lifecycle import blockers, capacity
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import Condition
from scanyard.lifecycle.windows import OUTSIDE_WINDOW

_AFTER_SECONDS = 2.0
_WRITES_PER_SECOND = 20


class Announcer:
    """ScanJobs that have just begun to wait, by the time at which that is worth a write."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._young: list[tuple[float, float, str]] = []
        self._due: list[tuple[float, str]] = []

    def began_to_wait(self, uid: str, standing: Standing) -> None:
        """Called when a ScanJob begins to wait, or waits for something else from now on."""
        entry = (time.monotonic() + _AFTER_SECONDS, standing.score, uid)
        heapq.heappush(self._young, entry)

    async def run(self) -> NoReturn:
        """Announce for ever."""
        while True:
            await asyncio.sleep(1.0)
            self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        while self._young and self._young[0][0] <= now:
            _, score, uid = heapq.heappop(self._young)
            heapq.heappush(self._due, (score, uid))
        written = 0
        while self._due and written < _WRITES_PER_SECOND:
            _, uid = heapq.heappop(self._due)
            written += self._announce(uid)

    def _announce(self, uid: str) -> bool:
        standing = self._context.placement.get(uid)
        job = self._context.mirror.jobs.get(uid)
        if job is None or standing is None or isinstance(standing.place, Holding):
            return False
        queue = self._context.mirror.queues.named(job.queue_key)
        if _was_told(job, standing.place, queue):
            return False
        self._context.announce.add(uid)
        self._context.dirty.add(uid)
        return True


def _was_told(job: Job, place: Waiting | Parked, queue: Queue | None) -> bool:
    """Whether its status says why it waits.

    What was told about a blocker may be no longer so, or about its queue's windows.
    """
    told = job.status.condition("Reconciling")
    if job.status.phase != "Queued" or job.status.observed_generation != job.generation:
        return False
    if job.status.retry_at is not None or told is None:
        return False
    if isinstance(place, Parked):
        return told.reason == capacity.reason_of(place.blocker)
    if told.reason in blockers.REASONS | capacity.REASONS:
        return False
    return _window_told(told) == (None if queue is None else queue.closed_by_window)


def _window_told(told: Condition) -> tuple[str, str] | None:
    return (told.reason, told.message) if told.reason == OUTSIDE_WINDOW else None
