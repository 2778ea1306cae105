"""Whom free slots could go to: heads of the changed queues, and the parked who may go again.

A head that a shared budget or a busy target keeps back is parked under what is short, so that
those behind it have their turn and nobody looks at it again before that may have changed. Going
past is bounded: once a queue's `maxOvertakes` others went past the first that waits for packets,
nothing behind it is admitted until it is. Whoever waits for a target has no such right, since scans
of other queues may keep it busy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scanyard.controller.context import Context
from scanyard.controller.dependencies import dependencies_of
from scanyard.controller.placement import Standing
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.capacity import Demand, packets_key
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Enqueue, Operation, OpResult, Park
from scanyard.queueing.readings import Head, ParkedJob

#: How many heads of a queue are read at once, and how many of a parked list.
_WINDOW: Final = 64
_PARKED_WINDOW: Final = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ScanJob that may be admitted next, as far as the leader knows."""

    job: Job
    queue: Queue
    score: float
    demand: Demand

    @property
    def attempt(self) -> int:
        """The number that its attempt would have."""
        return self.job.status.attempt_count + 1

    @property
    def standing(self) -> Standing:
        """Its place if it is admitted."""
        return Standing(self.job.member, Holding(self.queue.key, self.attempt))


async def bring_back(context: Context, ledger: Ledger) -> None:
    """Put the first of each hot parked list back into their queues' order, where they may go now.

    A list stays hot while some of it came back. When all that were looked at are still kept back
    by what the list is named after, the end of one of its holders makes it hot again.
    """
    budgets = context.budgets
    for key in sorted(budgets.hot):
        budgets.hot.discard(key)
        if not context.placement.parked(key):
            continue
        found = await ledger.parked(key, _PARKED_WINDOW)
        back = [parked for parked in found if _may_go(context, key, parked)]
        if not back:
            continue
        places = [(p, Waiting(p.queue)) for p in back]
        moves: list[Operation] = [Enqueue(p.queue, p.job, p.score) for p in back]
        await _move(context, moves, places)
        for queue in {parked.queue for parked in back}:
            context.queue_changed(queue)
        budgets.hot.add(key)


def _may_go(context: Context, key: str, parked: ParkedJob) -> bool:
    """Whether this list keeps it back no longer; another one may."""
    uid = _uid(parked.job)
    job, queue = context.mirror.jobs.get(uid), context.mirror.queues.named(parked.queue)
    if job is None or queue is None:
        context.dirty.add(uid)
        return True
    short = context.budgets.shortage(job, queue)
    return short is None or short.key != key


async def candidates(context: Context, ledger: Ledger) -> list[Candidate]:
    """The ScanJobs that free slots could go to, the most urgent queue's first.

    Their demands are counted as used from now on; `Budgets.give_up` takes that back.
    """
    if context.settings.max_concurrent_scans:
        _all_waiting_queues(context)
    queues = [q for key in context.changed_queues if (q := context.mirror.queues.named(key))]
    context.changed_queues.clear()
    open_queues = [q for q in queues if not q.held and _free(context, q) > 0]
    if not open_queues:
        return []
    windows = await ledger.heads([queue.key for queue in open_queues], _WINDOW)
    found: list[Candidate] = []
    for queue in sorted(open_queues, key=lambda q: (-q.priority, q.key)):
        free = min(_free(context, queue), _free_in_all(context) - len(found))
        if free > 0:
            found.extend(await _of_queue(context, ledger, queue, windows[queue.key].heads, free))
    return found


async def _of_queue(
    context: Context, ledger: Ledger, queue: Queue, heads: Iterable[Head], free: int
) -> list[Candidate]:
    first = await _first_for_packets(context, ledger, queue)
    found: list[Candidate] = []
    parked: list[tuple[Head, str]] = []
    for head in heads:
        if len(found) == free or _has_right_of_way(context, queue, first, head):
            break
        candidate = _candidate(context, queue, head)
        if candidate is None:
            continue
        short = context.budgets.shortage(candidate.job, queue)
        if short is not None:
            parked.append((head, short.key))
            continue
        if first is not None and head.score > first.score:
            context.budgets.went_past(_uid(first.job))
        context.budgets.reserve(candidate.job.uid, candidate.demand)
        found.append(candidate)
    if parked:
        moves: list[Operation] = [Park(queue.key, h.job, key, h.score) for h, key in parked]
        await _move(context, moves, [(h, Parked(queue.key, key)) for h, key in parked])
        # There may be more behind them.
        context.queue_changed(queue.key)
    return found


async def _first_for_packets(context: Context, ledger: Ledger, queue: Queue) -> ParkedJob | None:
    """The first that waits for this queue's packets."""
    key = packets_key(queue.key)
    if not context.placement.parked(key):
        return None
    return next(iter(await ledger.parked(key, 1)), None)


def _has_right_of_way(context: Context, queue: Queue, first: ParkedJob | None, head: Head) -> bool:
    """Whether enough went past the one that waits for packets: they are kept for it now."""
    if first is None or head.score <= first.score:
        return False
    return context.budgets.overtaken(_uid(first.job)) >= queue.max_overtakes


async def _move(
    context: Context,
    operations: list[Operation],
    places: Iterable[tuple[Head | ParkedJob, Waiting | Parked]],
) -> None:
    """Make the moves in the ledger and in the leader's copy; nobody else moves them meanwhile."""
    moved = list(places)
    uids = {_uid(item.job) for item, _ in moved}
    context.taking |= uids
    try:
        results = await context.ledger.submit_all(operations)
        for (item, place), result in zip(moved, results, strict=True):
            uid = _uid(item.job)
            if result is OpResult.HOLDING:
                context.dirty.add(uid)
            else:
                context.placement.set(uid, Standing(item.job, place, item.score))
    finally:
        context.taking -= uids


def _candidate(context: Context, queue: Queue, head: Head) -> Candidate | None:
    """The head, unless the ledger is about to hear that it waits no more."""
    uid = _uid(head.job)
    job = context.mirror.jobs.get(uid)
    if job is None or admission_of(context, job, queue) is None:
        context.dirty.add(uid)
        return None
    return Candidate(job, queue, head.score, context.budgets.demand(job, queue))


def admission_of(
    context: Context, job: Job, queue: Queue, packets_per_second: int = 0
) -> JobStatus | None:
    """The status that admits the ScanJob now; None: it must not start."""
    return admit(
        job,
        queue,
        fence=context.fence,
        now=context.now(),
        packets_per_second=packets_per_second,
        dependencies=dependencies_of(context.mirror.jobs, job),
        refusal=context.refusal_of(job, queue),
        addresses=context.addresses_of(job, queue),
    )


def _all_waiting_queues(context: Context) -> None:
    """A slot of the installation that came free may be any queue's."""
    for uid in context.mirror.queues.uids():
        queue = context.mirror.queues.get(uid)
        if queue is not None and context.placement.waiting(queue.key):
            context.changed_queues.add(queue.key)


def _free(context: Context, queue: Queue) -> int:
    return queue.max_concurrent - context.placement.held(queue.key)


def _free_in_all(context: Context) -> int:
    """Slots that the installation has left; nobody asks for more."""
    limit = context.settings.max_concurrent_scans
    return limit - context.placement.held_in_all() if limit else sys.maxsize


def _uid(member: str) -> str:
    return member.rpartition("/")[2]
