"""Answering who asks why a ScanJob waits, at once and exactly, wherever it stands."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final, NoReturn

from scanyard.api.scanjob_status import MAX_HOLDERS
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.explaining.forecast import outlook_of
from scanyard.controller.explaining.positions import places_in_line
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.explaining.outlook import Question
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import reason_of
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger

#: One in so many seconds: ten writes a second at most.
_EVERY_SECONDS: Final = 0.1


class Answerer:
    """Reads where the ScanJob stands and has it written with all that is known about its wait."""

    def __init__(self, context: Context, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger

    async def run(self) -> NoReturn:
        """Answer for ever."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.answer_next()

    async def answer_next(self) -> bool:
        """Answer one question; False: there was none."""
        context = self._context
        if not context.placement.built:
            return False  # who leads from now on has not even listed everything
        uid = context.questions.next(context.now())
        job = context.mirror.jobs.get(uid) if uid is not None else None
        if job is None or not job.is_asked or not job.waits:
            return uid is not None
        if context.ledger_current and context.placement.get(job.uid) is None:
            context.questions.put_off(job, context.now())  # it has just come
            return True
        queue = context.queue_of(job)
        at = context.now()
        outlook = outlook_of(context, job, queue, await self._position(job))
        context.asked[job.uid] = _question(context, job, queue, at)
        context.tell(job.uid, outlook)
        return True

    async def _position(self, job: Job) -> int | None:
        context = self._context
        standing = context.placement.get(job.uid)
        if standing is None or not isinstance(standing.place, Waiting):
            return None
        if not context.ledger_current:
            return None
        try:
            asked = [(standing.place.queue, job.member)]
            return (await places_in_line(context, self._ledger, asked))[0]
        except (Stale, LedgerUnavailable, LedgerMisconfigured) as error:
            context.ledger_lost(str(error))
            return None


def _question(context: Context, job: Job, queue: Queue | None, at: datetime) -> Question:
    standing = context.placement.get(job.uid)
    names, others = _holders(context, job, queue, standing)
    known = queue is not None
    return Question(
        token=job.explain,
        at=at,
        waiting=context.placement.waiting(job.queue_key) if known else None,
        running=context.placement.held(job.queue_key) if known else None,
        limit=queue.max_concurrent if queue is not None else None,
        holders=names,
        other_holders=others,
        parked_alike=_parked_alike(context, standing),
        trouble="" if context.ledger_current else context.ledger_trouble,
    )


def _parked_alike(context: Context, standing: Standing | None) -> int:
    """Others in the list of what is short; what is somebody's own mistake nobody shares."""
    if standing is None or not isinstance(standing.place, Parked):
        return 0
    blocker = standing.place.blocker
    return max(context.placement.parked(blocker) - 1, 0) if reason_of(blocker) else 0


def _holders(
    context: Context, job: Job, queue: Queue | None, standing: Standing | None
) -> tuple[tuple[str, ...], int]:
    """Names of its own namespace's that have what it waits for, and how many more have."""
    if queue is None or queue.held or standing is None:
        return (), 0
    keys: list[str] = []
    if isinstance(standing.place, Parked):
        if reason_of(standing.place.blocker):
            keys = context.budgets.holders(job, queue)
    elif context.placement.held(queue.key) >= queue.max_concurrent:
        for uid, place in context.placement.holders():
            if place.queue == queue.key:
                holder = context.mirror.jobs.get(uid)
                # One that was deleted holds its slot until its Pod has ended.
                keys.append(holder.key if holder is not None else "")
    own = sorted(
        name for ns, _, name in (key.partition("/") for key in keys) if ns == job.namespace
    )
    shown = tuple(own[:MAX_HOLDERS])
    return shown, len(keys) - len(shown)
