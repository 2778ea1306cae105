"""Whom free slots could go to: heads of the changed queues, and the parked who may go again.

Queues take turns head by head: the lower a queue's score, made of its priority and of when its
head began to wait, the sooner (see queueing/order.py). A head that a shared budget or a busy target
keeps back is parked under what is short, so that those behind it have their turn and nobody looks
at it again before that may have changed. Going past is bounded: once a queue's `maxOvertakes`
others went past the first that waits for packets, nothing behind it is admitted until it is.
Whoever waits for a target has no such right, since scans of other queues may keep it busy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

from scanyard.controller.admission.candidate import Candidate
from scanyard.controller.admission.line import Line, free_slots, read_lines
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.queueing.keys import uid_of
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Enqueue, Operation, OpResult, Park
from scanyard.queueing.readings import Head, ParkedJob

#: How many of a parked list are looked at again at once.
_PARKED_WINDOW: Final = 16


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
        room = min(context.pending.room(key), _PARKED_WINDOW)
        if room <= 0:
            continue
        found = await ledger.parked(key, room)
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
    uid = uid_of(parked.job)
    job, queue = context.mirror.jobs.get(uid), context.mirror.queues.named(parked.queue)
    if job is None or queue is None:
        context.dirty.add(uid)
        return True
    short = context.budgets.shortage(job, queue)
    return short is None or short.key != key


async def candidates(context: Context, ledger: Ledger) -> list[Candidate]:
    """The ScanJobs that free slots could go to, in the order of their turns.

    Their demands are counted as used from now on; `Budgets.give_up` takes that back.
    """
    if context.settings.max_concurrent_scans:
        _all_waiting_queues(context)
    queues = [q for key in context.changed_queues if (q := context.mirror.queues.named(key))]
    context.changed_queues.clear()
    free = _free_in_all(context)
    open_queues = [q for q in queues if not q.held and free_slots(context, q) > 0]
    if not open_queues or free <= 0:
        return []
    lines = await read_lines(context, ledger, open_queues, free)
    found = _in_turn(lines, free)
    await _park(context, lines)
    return found


def _in_turn(lines: list[Line], free: int) -> list[Candidate]:
    """Slot after slot to the queue whose turn it is."""
    found: list[Candidate] = []
    following = {line: candidate for line in lines if (candidate := line.next())}
    while following and len(found) < free:
        line, candidate = min(following.items(), key=lambda item: item[1].turn)
        line.take(candidate)
        found.append(candidate)
        for other in [other for other in following if other is line or other.depends_on_others]:
            if candidate := other.next():
                following[other] = candidate
            else:
                del following[other]
    return found


async def _park(context: Context, lines: list[Line]) -> None:
    """Put those aside that did not fit, each under what is short."""
    kept_back = [(line.queue, head, key) for line in lines for head, key in line.parked]
    if not kept_back:
        return
    moves: list[Operation] = [Park(q.key, head.job, key, head.score) for q, head, key in kept_back]
    await _move(context, moves, [(head, Parked(q.key, key)) for q, head, key in kept_back])
    for queue in {queue.key for queue, _, _ in kept_back}:
        # There may be more behind them.
        context.queue_changed(queue)


async def _move(
    context: Context,
    operations: list[Operation],
    places: Iterable[tuple[Head | ParkedJob, Waiting | Parked]],
) -> None:
    """Make the moves in the ledger and in the leader's copy; nobody else moves them meanwhile."""
    moved = list(places)
    uids = {uid_of(item.job) for item, _ in moved}
    context.taking |= uids
    try:
        results = await context.ledger.submit_all(operations)
        for (item, place), result in zip(moved, results, strict=True):
            uid = uid_of(item.job)
            if result is OpResult.HOLDING:
                context.dirty.add(uid)
            else:
                context.placement.set(uid, Standing(item.job, place, item.score))
    finally:
        context.taking -= uids


def _all_waiting_queues(context: Context) -> None:
    """A slot of the installation that came free may be any queue's."""
    for uid in context.mirror.queues.uids():
        queue = context.mirror.queues.get(uid)
        if queue is not None and context.placement.waiting(queue.key):
            context.changed_queues.add(queue.key)


def _free_in_all(context: Context) -> int:
    """Slots that the installation has left; nobody asks for more."""
    limit = context.settings.max_concurrent_scans
    return limit - context.placement.held_in_all() if limit else sys.maxsize
