"""Whom a queue's limits.maxPending keeps back, so that one namespace does not fill its order.

Who waits for a slot, or for packets or a target, is in; who waits for something of its own, such as
its notBefore, is not yet. Those beyond the limit are parked, in one list for each namespace in each
queue. As others leave they enter by the order of the queue, so that nobody is passed over for ever;
who is in stays in. Counters alone tell: nothing here grows with the number of the waiting.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from scanyard.controller.admission.placement import Placement, Standing
from scanyard.lifecycle.decision import Parked, Place, Waiting
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import (
    TOO_MANY_PENDING,
    pending_group,
    pending_key,
    reason_of,
)

#: Queue (namespace/name), and the namespace of ScanJobs.
Group = tuple[str, str]
NO_BOUND: Final = 2**31


class Pending:
    """Counts of who is in, by queue and namespace; `limit_of` tells a queue's maxPending."""

    def __init__(self, placement: Placement, queue_named: Callable[[str], Queue | None]) -> None:
        self._placement = placement
        self._queue_named = queue_named
        self._count: Counter[Group] = Counter()
        self._entering: Counter[Group] = Counter()
        #: Told of a list of which some may enter now.
        self.on_room: Callable[[str], None] = lambda _key: None
        placement.on_move = self._moved

    def room(self, key: str) -> int:
        """How many of a parked list may enter now; of lists of other blockers any number."""
        group = pending_group(key)
        return NO_BOUND if group is None else self._room(group)

    def count(self, queue: str, namespace: str) -> int:
        """How many of the namespace are in."""
        group = (queue, namespace)
        return self._count[group] + self._entering[group]

    def place_of(self, member: str, place: Place, before: Standing | None) -> Place:
        """The place that a decision asks for; who would enter and finds no room is parked."""
        if not isinstance(place, Waiting) or not self._enters(before, place):
            return place
        namespace = member.partition("/")[0]
        key = pending_key(place.queue, namespace)
        # While others are kept back they enter in their order, and nobody slips in.
        if self._room((place.queue, namespace)) > 0 and not self._placement.parked(key):
            return place
        return Parked(place.queue, key)

    @contextmanager
    def entering(self, before: Standing | None, after: Standing | None) -> Iterator[None]:
        """Count it as in while the ledger is asked: others that enter meanwhile must know."""
        group = _group(after)
        if group is None or group == _group(before):
            yield
            return
        _add(self._entering, group, 1)
        try:
            yield
        finally:
            _add(self._entering, group, -1)

    def keep_back(self, standings: dict[str, Standing]) -> None:
        """Park those of a ledger about to be rebuilt that come after the limit, in its order."""
        found: defaultdict[Group, list[tuple[bool, float, str, str]]] = defaultdict(list)
        for uid, standing in standings.items():
            group = _group(standing)
            if group is not None and self._limit(group) < NO_BOUND:
                enters = _group(self._placement.get(uid)) != group
                found[group].append((enters, standing.score, standing.member, uid))
        for group, entries in found.items():
            for enters, score, member, uid in sorted(entries)[self._limit(group) :]:
                if enters:
                    place = Parked(group[0], pending_key(*group))
                    standings[uid] = Standing(member, place, score)

    def _moved(self, before: Standing | None, after: Standing | None) -> None:
        groups = _group(before), _group(after)
        for group, change in zip(groups, (-1, 1), strict=True):
            if group is not None:
                _add(self._count, group, change)
        # One that left made room; one that is kept back may have missed that of a moment ago.
        keys = {pending_key(*group) for group in groups if group is not None}
        if after is not None and isinstance(after.place, Parked):
            keys.add(after.place.blocker)
        for key in keys:
            if pending_group(key) and self._placement.parked(key) and self.room(key) > 0:
                self.on_room(key)

    def _enters(self, before: Standing | None, place: Waiting) -> bool:
        """Whoever is in stays in, and so does who gives a slot of the queue back."""
        return (
            before is None
            or (isinstance(before.place, Parked) and _group(before) is None)
            or (before.place.queue != place.queue)
        )

    def _room(self, group: Group) -> int:
        return max(self._limit(group) - self.count(*group), 0)

    def _limit(self, group: Group) -> int:
        queue = self._queue_named(group[0])
        return NO_BOUND if queue is None or queue.max_pending is None else queue.max_pending


def _add(counter: Counter[Group], group: Group, change: int) -> None:
    """What is nobody's any more is forgotten."""
    counter[group] += change
    if not counter[group]:
        del counter[group]


def _group(standing: Standing | None) -> Group | None:
    """Where it counts as one that is in; None: it does not."""
    if standing is None:
        return None
    place = standing.place
    shared = isinstance(place, Parked) and reason_of(place.blocker) not in {"", TOO_MANY_PENDING}
    if not shared and not isinstance(place, Waiting):
        return None
    return place.queue, standing.member.partition("/")[0]
