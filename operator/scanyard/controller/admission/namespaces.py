"""What each namespace has in each queue, counted as ScanJobs come and go."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.sharing.capacity import reason_of


class Namespaces:
    """Counts by queue and namespace; those of which nothing is left are not kept."""

    def __init__(self) -> None:
        self._held: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._present: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._in_order: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def held(self, queue: str) -> Mapping[str, int]:
        """Slots of the queue that each namespace holds."""
        return self._held.get(queue, _NONE)

    def present(self, queue: str) -> Mapping[str, int]:
        """How many each namespace has there that hold a slot, or only wait for their turn."""
        return self._present.get(queue, _NONE)

    def in_order(self, queue: str) -> Mapping[str, int]:
        """How many each namespace has in the queue's order."""
        return self._in_order.get(queue, _NONE)

    def count(self, namespace: str, place: Waiting | Parked | Holding, change: int) -> None:
        """One more, or one less, at this place."""
        if isinstance(place, Holding):
            add(self._held, place.queue, namespace, change)
        if isinstance(place, Waiting):
            add(self._in_order, place.queue, namespace, change)
        if not isinstance(place, Parked) or reason_of(place.blocker):
            add(self._present, place.queue, namespace, change)


_NONE: Counter[str] = Counter()


def add(counts: defaultdict[str, Counter[str]], queue: str, what: str, change: int) -> None:
    """So many more, or less, of that in the queue; nothing is kept of what is none."""
    of_queue = counts[queue]
    of_queue[what] += change
    if not of_queue[what]:
        del of_queue[what]
        if not of_queue:
            del counts[queue]
