"""Telling the waiting that they wait: after 2 s, head first, at a bounded rate of writes.

A ScanJob that is admitted at once is never shown as Queued, which saves one write per scan; and
a burst of thousands does not take the API server from those that run.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Sequence
from typing import NoReturn

from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.explaining.forecast import outlook_of
from scanyard.controller.explaining.positions import SHOWN, places_in_line
from scanyard.controller.explaining.recent import QUIET
from scanyard.lifecycle import blockers
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.explaining.outlook import Outlook
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.template import POD_REFUSED
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing import capacity
from scanyard.lifecycle.status import Condition
from scanyard.lifecycle.timing.windows import OUTSIDE_WINDOW
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger

_AFTER_SECONDS = 2.0
_WRITES_PER_SECOND = 20


class Announcer:
    """ScanJobs that have just begun to wait, by the time at which that is worth a write."""

    def __init__(self, context: Context, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger
        self._young: list[tuple[float, float, str]] = []
        self._due: list[tuple[float, str]] = []

    def began_to_wait(self, uid: str, standing: Standing) -> None:
        """Called when a ScanJob begins to wait, or waits for something else from now on."""
        self._wait(uid, standing.score, _AFTER_SECONDS)

    async def run(self) -> NoReturn:
        """Announce for ever."""
        while True:
            await asyncio.sleep(1.0)
            await self.announce()

    async def announce(self) -> None:
        """One round: those whose time has come are told, with their place if it is near."""
        chosen = self._chosen()
        if not chosen:
            return
        positions = await self._positions(chosen)
        for job, position in zip(chosen, positions, strict=True):
            queue = self._context.queue_of(job)
            near = position is not None and position <= SHOWN
            outlook = outlook_of(self._context, job, queue, position) if near else Outlook()
            self._context.tell(job.uid, outlook)

    def _wait(self, uid: str, score: float, seconds: float) -> None:
        heapq.heappush(self._young, (time.monotonic() + seconds, score, uid))

    def _chosen(self) -> list[Job]:
        now = time.monotonic()
        while self._young and self._young[0][0] <= now:
            _, score, uid = heapq.heappop(self._young)
            heapq.heappush(self._due, (score, uid))
        chosen: list[Job] = []
        seen = 0
        while self._due and seen < _WRITES_PER_SECOND:
            score, uid = heapq.heappop(self._due)
            job = self._untold(uid)
            if job is None:
                continue
            seen += 1
            if job.status.phase == "Queued" and self._context.recent.has(uid, self._context.now()):
                # Another reason is told at once; whatever else has changed can wait.
                self._context.announce.add(uid)
                self._context.dirty.add(uid)
                self._wait(uid, score, QUIET.total_seconds())
            else:
                chosen.append(job)
        return chosen

    def _untold(self, uid: str) -> Job | None:
        """The ScanJob, if it waits and its status does not say why."""
        standing = self._context.placement.get(uid)
        job = self._context.mirror.jobs.get(uid)
        if job is None or standing is None or isinstance(standing.place, Holding):
            return None
        queue = self._context.queue_of(job)
        return None if _was_told(job, standing.place, queue) else job

    async def _positions(self, jobs: Sequence[Job]) -> Sequence[int | None]:
        """Of each its place in the order; None where it has none, or the ledger cannot tell."""
        standings = {job.uid: self._context.placement.get(job.uid) for job in jobs}
        places = {uid: standing.place for uid, standing in standings.items() if standing}
        asked = [job for job in jobs if isinstance(places.get(job.uid), Waiting)]
        found: dict[str, int | None] = {}
        if asked and self._context.ledger_current:
            wanted = [(job.queue_key, job.member) for job in asked]
            try:
                read = await places_in_line(self._context, self._ledger, wanted)
            except (Stale, LedgerUnavailable, LedgerMisconfigured) as error:
                self._context.ledger_lost(str(error))
            else:
                found = {job.uid: place for job, place in zip(asked, read, strict=True)}
        return [found.get(job.uid) for job in jobs]


def _was_told(job: Job, place: Waiting | Parked, queue: Queue | None) -> bool:
    """Whether its status says why it waits.

    What was told about a blocker may be no longer so, or why its queue is closed.
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
    return _closed_told(told) == (None if queue is None else queue.closed)


def _closed_told(told: Condition) -> tuple[str, str] | None:
    closed = {OUTSIDE_WINDOW, POD_REFUSED}
    return (told.reason, told.message) if told.reason in closed else None
