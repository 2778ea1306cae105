"""Keeping the positions of the first in each queue fresh, by few writes.

A ScanJob's status is written for that at most once in 30 s, all of them together at most 10 times a
second, and none behind the first 50 of its queue; one that falls back behind them loses what was
told of its place. Estimates that have moved a little are left as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NoReturn

from scanyard.controller.context import Context
from scanyard.controller.explaining.forecast import outlooks
from scanyard.controller.explaining.positions import first_in_line
from scanyard.controller.explaining.recent import QUIET
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.explaining.outlook import Outlook
from scanyard.lifecycle.status import JobStatus
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger

_EVERY_SECONDS, _WRITES_AT_ONCE, _QUEUES_AT_ONCE = 1.0, 10, 8
#: Each queue is looked at so often.
_QUEUE_EVERY: Final = timedelta(seconds=5)
#: An estimate that has moved less is left: so many seconds, and this part of what is left to wait.
_MOVED_SECONDS, _MOVED_PART = 15.0, 0.25


class Refresher:
    """Looks at the queues by turns."""

    def __init__(self, context: Context, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger
        self._looked_at: dict[str, datetime] = {}
        self._began: datetime | None = None

    async def run(self) -> NoReturn:
        """Refresh for ever."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.refresh()

    async def refresh(self) -> None:
        """One round; before an earlier leader's writes are QUIET old nothing is written."""
        context, now = self._context, self._context.now()
        if self._began is None:
            self._began = now
        if not context.ledger_current or now - self._began < QUIET:
            return
        due = self._due(now)
        if not due:
            return
        try:
            lines = await first_in_line(context, self._ledger, due)
        except (Stale, LedgerUnavailable, LedgerMisconfigured) as error:
            context.ledger_lost(str(error))
            return
        left = _WRITES_AT_ONCE
        for queue in due:
            if left == 0:
                return  # the next round goes on with this one
            left -= self._refresh(queue, lines[queue], left)
            if left:
                self._looked_at[queue] = now

    def _due(self, now: datetime) -> list[str]:
        """Queues in which somebody waits, those first that were looked at longest ago."""
        waiting = self._context.placement.queues_with_waiting()
        self._looked_at = {key: at for key, at in self._looked_at.items() if key in waiting}
        never = now - QUIET
        due = [key for key in waiting if now - self._looked_at.get(key, never) >= _QUEUE_EVERY]
        return sorted(due, key=lambda key: self._looked_at.get(key, never))[:_QUEUES_AT_ONCE]

    def _refresh(self, queue_key: str, line: Sequence[str], most: int) -> int:
        """How many are about to be written."""
        context = self._context
        wanted = [uid for uid in line if self._may_be_told(uid)]
        fallen = [uid for uid in self._shown_in(queue_key, line) if self._may_be_told(uid)]
        if not wanted and not fallen:
            return 0
        told = outlooks(context, context.mirror.queues.named(queue_key), line)
        by_uid = dict(zip(line, told, strict=True)) | dict.fromkeys(fallen, Outlook())
        count = 0
        for uid in [*wanted, *fallen]:
            job = context.mirror.jobs.get(uid)
            if count < most and job is not None and is_news(job.status, by_uid[uid], context.now()):
                context.tell(uid, by_uid[uid])
                count += 1
        return count

    def _may_be_told(self, uid: str) -> bool:
        """It was told that it waits, and nothing in the last 30 s; else it has its turn already."""
        context = self._context
        job = context.mirror.jobs.get(uid)
        if job is None or job.status.phase != "Queued" or uid in context.announce:
            return False
        return not context.recent.has(uid, context.now())

    def _shown_in(self, queue_key: str, line: Iterable[str]) -> list[str]:
        """Those of the queue whose status tells a position that they do not have."""
        context, found = self._context, []
        for uid in context.shown.difference(line):
            standing = context.placement.get(uid)
            if standing is None or isinstance(standing.place, Holding):
                continue  # its status is about to be written anyway
            if standing.place.queue == queue_key:
                found.append(uid)
        return found


def is_news(status: JobStatus, outlook: Outlook, now: datetime) -> bool:
    """Whether the place has changed, or the estimate by more than is left to chance."""
    if status.queue_position != outlook.position:
        return True
    pairs = (
        (status.estimated_start, outlook.earliest),
        (status.estimated_start_latest, outlook.latest),
    )
    return any(_has_moved(before, after, now) for before, after in pairs)


def _has_moved(before: datetime | None, after: datetime | None, now: datetime) -> bool:
    if before is None or after is None:
        return before is not after
    left = max((after - now) / timedelta(seconds=1), 0.0)
    moved = abs((after - before) / timedelta(seconds=1))
    return moved > max(_MOVED_SECONDS, _MOVED_PART * left)
