"""The leader's own copy of who stands where in the ledger, and the operations that change it.

The leader is the ledger's only writer, so the copy is exact whenever the ledger is current; a
rebuild replaces both. It saves a read per decision, is the second, independent count against a
queue's limit, and feeds queue status and metrics.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scanyard.controller.admission.namespaces import Namespaces, add
from scanyard.lifecycle.decision import Holding, Parked, Place, Waiting
from scanyard.lifecycle.sharing.capacity import reason_of
from scanyard.queueing.keys import namespace_of
from scanyard.queueing.operations import Adopt, Drop, Enqueue, Operation, Park, Release, Requeue
from scanyard.queueing.operations import Placement as LedgerPlacement


@dataclass(frozen=True, slots=True)
class Standing:
    """One ScanJob's place; `score` is its order among the waiting (0 for a holder)."""

    member: str
    place: Waiting | Parked | Holding
    score: float = 0.0


class Placement:
    """Standings by ScanJob uid, with counts per queue."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Standing] = {}
        self._holders: dict[str, Holding] = {}
        self._waiting: Counter[str] = Counter()
        self._eligible: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._parked: Counter[str] = Counter()
        self._aside: defaultdict[str, Counter[str]] = defaultdict(Counter)
        #: The same counts by namespace.
        self.namespaces = Namespaces()
        #: Whether it was ever built: before, nobody knows who holds a slot.
        self.built = False
        #: Told of each ScanJob that begins to wait, or waits for something else from now on.
        self.on_waiting: Callable[[str, Standing], None] = lambda _uid, _standing: None
        #: Told of each ScanJob that waits for nothing but a slot from now on.
        self.on_eligible: Callable[[str, str], None] = lambda _uid, _queue: None
        #: Told of each change of a standing, when it has been counted.
        self.on_move: Callable[[Standing | None, Standing | None], None] = lambda _b, _a: None
        #: Told of each slot that is held from now on, or (None) is not any more.
        self.on_slot: Callable[[str, Standing | None], None] = lambda _uid, _standing: None

    def get(self, uid: str) -> Standing | None:
        """Where the ScanJob stands."""
        return self._by_uid.get(uid)

    def holders(self) -> list[tuple[str, Holding]]:
        """Who holds a slot: uid and which."""
        return list(self._holders.items())

    def items(self) -> Iterator[tuple[str, Standing]]:
        """All standings."""
        return iter(list(self._by_uid.items()))

    def uids(self) -> set[str]:
        """Who stands anywhere, a copy."""
        return set(self._by_uid)

    def waiting(self, queue: str) -> int:
        """How many wait in the queue, parked ones included."""
        return self._waiting[queue]

    def eligible(self, queue: str) -> int:
        """How many of them wait for nothing but a slot."""
        return self._eligible[queue]

    def kept_aside(self, queue: str) -> Mapping[str, int]:
        """How many of them are kept out of the order, by what they are told."""
        return self._aside.get(queue, _NONE)

    def is_eligible(self, uid: str, queue: str) -> bool:
        """Whether it is one of those."""
        standing = self._by_uid.get(uid)
        return standing is not None and standing.place == Waiting(queue)

    def queues_with_waiting(self) -> list[str]:
        """Where somebody waits."""
        return [queue for queue, count in self._waiting.items() if count]

    def parked(self, blocker: str) -> int:
        """How many are parked under a blocker."""
        return self._parked[blocker]

    def parked_lists(self) -> list[str]:
        """The blockers under which somebody is parked."""
        return list(self._parked)

    def held(self, queue: str) -> int:
        """How many slots of the queue are held."""
        return self._held[queue]

    def held_in_all(self) -> int:
        """How many slots are held in the whole installation."""
        return self._held.total()

    def tell_again(self, uid: str) -> None:
        """What it waits for has changed, though not where it stands."""
        standing = self._by_uid.get(uid)
        if standing is not None and not isinstance(standing.place, Holding):
            self.on_waiting(uid, standing)

    def set(self, uid: str, standing: Standing | None) -> None:
        """Record what the ledger now says."""
        before = self._by_uid.pop(uid, None)
        held = self._holders.pop(uid, None)
        place_before = before.place if before is not None else None
        if before is not None:
            self._count(before, -1)
        if held is not None and (standing is None or standing.place != held):
            self.on_slot(uid, None)
        if standing is not None:
            self._by_uid[uid] = standing
            self._count(standing, 1)
            if isinstance(standing.place, Holding):
                self._holders[uid] = standing.place
                self.on_slot(uid, standing)
            elif _blocker(before) != _blocker(standing):
                self.on_waiting(uid, standing)
            if isinstance(standing.place, Waiting) and standing.place != place_before:
                self.on_eligible(uid, standing.place.queue)
        self.on_move(before, standing)

    def replace(self, standings: Mapping[str, Standing]) -> None:
        """Record a rebuilt ledger."""
        self.built = True
        for uid in self._by_uid.keys() - standings.keys():
            self.set(uid, None)
        for uid, standing in standings.items():
            self.set(uid, standing)

    def _count(self, standing: Standing, change: int) -> None:
        self.namespaces.count(namespace_of(standing.member), standing.place, change)
        held = isinstance(standing.place, Holding)
        (self._held if held else self._waiting)[standing.place.queue] += change
        if isinstance(standing.place, Waiting):
            self._eligible[standing.place.queue] += change
        if isinstance(standing.place, Parked):
            blocker = standing.place.blocker
            self._parked[blocker] += change
            if not self._parked[blocker]:
                del self._parked[blocker]
            reason = reason_of(blocker) or standing.place.reason
            add(self._aside, standing.place.queue, reason, change)


_NONE: Counter[str] = Counter()


def _blocker(standing: Standing | None) -> str | None:
    """What keeps it back, "" if it is only its turn that it waits for; None: it does not wait."""
    if standing is None or isinstance(standing.place, Holding):
        return None
    return standing.place.blocker if isinstance(standing.place, Parked) else ""


def standing_for(member: str, place: Place, score: float) -> Standing | None:
    """The standing that a decision asks for."""
    if place is None:
        return None
    return Standing(member, place, 0.0 if isinstance(place, Holding) else score)


def operations(before: Standing | None, after: Standing | None) -> list[Operation]:
    """The ledger operations that lead from one standing to the other."""
    if before == after:
        return []
    if before is not None and isinstance(before.place, Holding):
        return _from_holding(before, before.place, after)
    if after is None:
        return [Drop(before.member)] if before is not None else []
    return [placement_of(after)]


def _from_holding(before: Standing, held: Holding, after: Standing | None) -> list[Operation]:
    attempt = _attempt_text(before.member, held)
    if after is not None and after.place == Waiting(held.queue):
        return [Requeue(held.queue, before.member, attempt, after.score)]
    operations: list[Operation] = [Release(held.queue, before.member, attempt)]
    if after is not None:
        operations.append(placement_of(after))
    return operations


def placement_of(standing: Standing) -> LedgerPlacement:
    """The operation that puts a ScanJob where it stands, from nowhere."""
    place = standing.place
    if isinstance(place, Holding):
        return Adopt(place.queue, standing.member, _attempt_text(standing.member, place))
    if isinstance(place, Parked):
        return Park(place.queue, standing.member, place.blocker, standing.score)
    return Enqueue(place.queue, standing.member, standing.score)


def _attempt_text(member: str, held: Holding) -> str:
    return attempt_text(member.rpartition("/")[2], held.attempt)


def attempt_text(uid: str, number: int) -> str:
    """An attempt in the ledger: uid, shard 0, number."""
    return f"{uid}/0/{number}"
