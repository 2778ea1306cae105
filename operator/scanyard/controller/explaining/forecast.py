"""When the waiting of a queue will probably start; nothing where nobody can know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from scanyard.controller.admission.line import goes_by_namespace
from scanyard.controller.context import Context
from scanyard.lifecycle.explaining.estimate import Range, Runner, start_of, starts
from scanyard.lifecycle.explaining.outlook import Outlook
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue

#: What a Pod takes to begin and to end, beside the time that its scan may have.
_BESIDE_SECONDS: Final = 60


def outlooks(context: Context, queue: Queue | None, line: Sequence[str]) -> list[Outlook]:
    """Of the first in line, given by uid, in their order."""
    now, told = context.now(), list[Range]()
    if queue is not None and _slots_decide(context, queue):
        told = starts(context.run_times.of(queue.key), _runners(context, queue, now), len(line))
    found = []
    for index, uid in enumerate(line):
        known = index < len(told) and not _lacks_more(context, uid, queue)
        found.append(_outlook(queue, index + 1, told[index] if known else None, now))
    return found


def outlook_of(context: Context, job: Job, queue: Queue | None, position: int | None) -> Outlook:
    """Of one, however far back."""
    now = context.now()
    if position is None or queue is None or not _slots_decide(context, queue):
        return Outlook(position)
    if _lacks_more(context, job.uid, queue):
        return Outlook(position)
    runs = context.run_times.of(queue.key)
    return _outlook(queue, position, start_of(runs, _runners(context, queue, now), position), now)


def _slots_decide(context: Context, queue: Queue) -> bool:
    """Whether it is only for slots of the queue that its first wait.

    Not if it is closed, if a slot is free and nobody takes it, if the installation has too few for
    the queue to use all of its own, or if it depends on whose scans end who is next.
    """
    if goes_by_namespace(queue):
        return False
    held = context.placement.held(queue.key)
    if queue.held or not context.ledger_current or held < queue.max_concurrent:
        return False
    limit = context.settings.max_concurrent_scans
    return not limit or context.placement.held_in_all() < limit


def _lacks_more(context: Context, uid: str, queue: Queue | None) -> bool:
    """Whether packets or targets are short for it as well: when these come free is not known."""
    job = context.mirror.jobs.get(uid)
    if job is None or queue is None:
        return True
    return context.budgets.shortage(job, queue) is not None


def _runners(context: Context, queue: Queue, now: datetime) -> list[Runner]:
    found = []
    for uid, place in context.placement.holders():
        if place.queue != queue.key:
            continue
        job = context.mirror.jobs.get(uid)
        attempt = job.status.open_attempt if job is not None else None
        if job is None or attempt is None or attempt.admitted_at is None:
            continue  # a slot that is held for a Pod whose end is not known
        seconds = max((now - attempt.admitted_at) / timedelta(seconds=1), 0.0)
        most = job.timeout_of(attempt) + _BESIDE_SECONDS
        found.append(Runner(seconds, max(most - seconds, 0.0)))
    return found


def _outlook(
    queue: Queue | None, position: int | None, told: Range | None, now: datetime
) -> Outlook:
    """With whole seconds, the range rounded outwards; none that ends after the queue has closed."""
    if told is None:
        return Outlook(position)
    second = now.replace(microsecond=0)
    earliest = second + timedelta(seconds=math.floor(told.earliest))
    latest = second + timedelta(seconds=math.ceil(told.latest) + 1)
    closes_at = queue.standing.closes_at if queue is not None else None
    if closes_at is not None and latest > closes_at:
        return Outlook(position)
    return Outlook(position, earliest, latest)
