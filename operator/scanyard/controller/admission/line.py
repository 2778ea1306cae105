"""Who is next in one queue while free slots are given out: its heads, in its own order.

A queue goes by its one order, or by namespace (a lane each) where namespaces share its slots or
each has a limit. The lanes of namespaces at their limit are not looked at, so that nobody waits
behind those, and nothing has to be moved when a limit is reached or left.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scanyard.controller.admission.candidate import Candidate, candidate_of
from scanyard.controller.context import Context
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import packets_key
from scanyard.lifecycle.sharing.fair_share import NOTHING_RUNS, FairShares
from scanyard.queueing.keys import namespace_of, uid_of
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.readings import Head, Lane, Lanes, ParkedJob, Ranks

#: How many heads of a queue are read at once.
_WINDOW: Final = 64
#: How many namespaces of a queue are read at once, and how many heads of each: twice what could
#: be admitted, but from so many to so many.
_FEWEST, _MOST = 16, 64
#: How many of those that wait for packets are looked at for one whose namespace has slots left.
_KEPT_FOR_WINDOW: Final = 16


@dataclass(slots=True)
class _Lane:
    """What was read of a lane and not yet dealt with; `more`: others may stand behind."""

    namespace: str
    heads: deque[Head]
    more: bool


class Line:
    """One queue's waiting, for one round of choices.

    `parked`: who did not fit, and under what it has to wait; `cut`: who is next is not known,
    since that would be somebody who was not read.
    """

    def __init__(
        self,
        context: Context,
        queue: Queue,
        lanes: Lanes,
        window: int,
        kept_for: Sequence[ParkedJob] = (),
    ) -> None:
        self.queue = queue
        self.parked: list[tuple[Head, str]] = []
        self.cut = False
        self._context = context
        self._free = free_slots(context, queue)
        self._running = Counter(context.placement.namespaces.held(queue.key))
        self._shares = fair_shares(context, queue)
        self._lanes = [
            _Lane(lane.namespace, deque(lane.heads), len(lane.heads) == window)
            for lane in lanes.lanes
            if lane.heads
        ]
        self._left_out = lanes.left_out
        self._kept_for = list(kept_for)

    @property
    def depends_on_others(self) -> bool:
        """Whether an admission from another queue may keep its next one back."""
        installation = self._context.settings.packets_per_second
        return bool(installation or self.queue.max_concurrent_per_target)

    def next(self) -> Candidate | None:
        """Whose turn it is, with room for it beside all that runs by now."""
        while self._free > 0 and (lane := self._first_lane()) is not None:
            head = lane.heads[0]
            if self._is_kept_back(head):
                self._lanes.remove(lane)
                continue
            candidate = candidate_of(self._context, self.queue, head)
            if candidate is None:
                self._pass(lane)
                continue
            short = self._context.budgets.shortage(candidate.job, self.queue)
            if short is None:
                return candidate
            self._put_aside(head, short.key)
            self._pass(lane)
        return None

    def take(self, candidate: Candidate) -> None:
        """The one that is next is to be admitted: its demand counts from now on."""
        context, namespace = self._context, candidate.job.namespace
        self._pass(next(lane for lane in self._lanes if lane.heads[0].job == candidate.job.member))
        first = self._first_kept_for()
        if first is not None and candidate.score > first.score:
            context.budgets.went_past(uid_of(first.job))
        context.budgets.reserve(candidate.job.uid, candidate.demand)
        self._free -= 1
        self._running[namespace] += 1
        self._shares = fair_shares(context, self.queue, self._running.total())
        if self._is_full(namespace):
            self._lanes = [other for other in self._lanes if other.namespace != namespace]

    def _put_aside(self, head: Head, key: str) -> None:
        self.parked.append((head, key))
        if key == packets_key(self.queue.key):
            # Whoever is chosen from now on goes past it, or past those that wait already.
            insort(self._kept_for, ParkedJob(self.queue.key, head.job, head.score), key=_score)

    def _first_lane(self) -> _Lane | None:
        if self.cut:
            return None
        lane = min(self._lanes, key=self._turn, default=None)
        if self._left_out is not None and (lane is None or self._turn(lane) > self._left_out):
            self.cut, lane = True, None
        return lane

    def _turn(self, lane: _Lane) -> tuple[float, float, str]:
        shares, namespace = self._shares, lane.namespace
        rank = 0.0 if shares is None else shares.rank(namespace, self._running[namespace])
        return rank, lane.heads[0].score, f"{namespace}/"

    def _pass(self, lane: _Lane) -> None:
        """Its first has been dealt with."""
        lane.heads.popleft()
        if not lane.heads:
            self._lanes.remove(lane)
            self.cut = self.cut or lane.more

    def _is_full(self, namespace: str) -> bool:
        limit = self.queue.max_concurrent_per_namespace
        return bool(limit) and self._running[namespace] >= limit

    def _first_kept_for(self) -> ParkedJob | None:
        """The first that waits for this queue's packets and whose namespace has slots left."""
        open_ones = (p for p in self._kept_for if not self._is_full(namespace_of(p.job)))
        return next(open_ones, None)

    def _is_kept_back(self, head: Head) -> bool:
        """Whether enough went past the one that waits for packets: they are kept for it now."""
        first = self._first_kept_for()
        if first is None or head.score <= first.score:
            return False
        return self._context.budgets.overtaken(uid_of(first.job)) >= self.queue.max_overtakes


async def read_lines(
    context: Context, ledger: Ledger, queues: Sequence[Queue], most_admitted: int
) -> list[Line]:
    """The lines of these queues, in two readings and one for each queue short of packets."""
    in_order = [queue for queue in queues if not goes_by_namespace(queue)]
    by_namespace = [queue for queue in queues if goes_by_namespace(queue)]
    lines = []
    if in_order:
        found = await ledger.heads([queue.key for queue in in_order], _WINDOW)
        for queue in in_order:
            lanes = Lanes((Lane("", found[queue.key].heads),))
            kept_for = await _kept_for(context, ledger, queue)
            lines.append(Line(context, queue, lanes, _WINDOW, kept_for))
    if by_namespace:
        free = min(most_admitted, max(free_slots(context, queue) for queue in by_namespace))
        most = min(max(2 * free, _FEWEST), _MOST)
        ranks = {queue.key: ranks_of(context, queue) for queue in by_namespace}
        read = await ledger.lanes(ranks, most, most)
        for queue in by_namespace:
            kept_for = await _kept_for(context, ledger, queue)
            lines.append(Line(context, queue, read[queue.key], most, kept_for))
    return lines


def _score(parked: ParkedJob) -> float:
    return parked.score


def free_slots(context: Context, queue: Queue) -> int:
    """Slots that the queue has left, by the leader's own count."""
    return queue.max_concurrent - context.placement.held(queue.key)


def goes_by_namespace(queue: Queue) -> bool:
    """Whether its namespaces share its slots, or each has a limit."""
    return queue.fair_share or queue.max_concurrent_per_namespace > 0


def ranks_of(context: Context, queue: Queue) -> Ranks:
    """Ranks of those of which something runs; all others have the same one."""
    limit, shares = queue.max_concurrent_per_namespace, fair_shares(context, queue)
    named: dict[str, float | None] = {}
    for namespace, running in context.placement.namespaces.held(queue.key).items():
        if limit and running >= limit:
            named[namespace] = None
        elif shares is not None:
            named[namespace] = shares.rank(namespace, running)
    return Ranks(0.0 if shares is None else NOTHING_RUNS, named)


def fair_shares(context: Context, queue: Queue, running: int | None = None) -> FairShares | None:
    """The parts of the slots in use and one more; None: namespaces do not share them."""
    if not queue.fair_share:
        return None
    if running is None:
        running = context.placement.held(queue.key)
    present = context.placement.namespaces.present(queue.key)
    weights = {namespace: weight for namespace, weight in queue.weights if namespace in present}
    return FairShares(running + 1, len(present), weights)


async def _kept_for(context: Context, ledger: Ledger, queue: Queue) -> Sequence[ParkedJob]:
    """The first that wait for this queue's packets."""
    key = packets_key(queue.key)
    if not context.placement.parked(key):
        return ()
    return await ledger.parked(key, _KEPT_FOR_WINDOW if queue.max_concurrent_per_namespace else 1)
