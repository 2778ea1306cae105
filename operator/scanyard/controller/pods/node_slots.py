"""Which node slot the next Pod of a queue gets: the one that the fewest of its holders have.

That spreads them well; that no node has too many is the scheduler's to keep, so nothing here must
be exact. After a takeover it is read from the Pods.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from scanyard.controller.admission.placement import Standing
from scanyard.controller.mirror import Mirror
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pods.node_slots import least_used
from scanyard.lifecycle.queue import Queue


class NodeSlots:
    """Node slots by ScanJob uid, and how many holders of a queue have each."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._of: dict[str, tuple[str, int]] = {}
        self._counts: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def choose(self, uid: str, queue: Queue) -> int:
        """The slot of the ScanJob's Pod in a queue with a limit per node; the same if asked again.

        It is counted until the ScanJob gives its slot in the queue back.
        """
        known = self._of.get(uid)
        if known is not None and known[0] == queue.key and known[1] < queue.max_concurrent_per_node:
            return known[1]
        self._drop(uid)
        slot = least_used(self._counts[queue.key], queue.max_concurrent_per_node)
        self._add(uid, queue.key, slot)
        return slot

    def slot_changed(self, uid: str, standing: Standing | None) -> None:
        """The ScanJob holds this slot of its queue now, or none."""
        if standing is None or not isinstance(standing.place, Holding):
            self._drop(uid)
        elif uid not in self._of:
            pod = self._mirror.pod_of(uid, standing.place.attempt)
            if pod is not None and pod.node_slot is not None:
                self._add(uid, standing.place.queue, pod.node_slot)

    def _add(self, uid: str, queue: str, slot: int) -> None:
        self._of[uid] = (queue, slot)
        self._counts[queue][slot] += 1

    def _drop(self, uid: str) -> None:
        known = self._of.pop(uid, None)
        if known is None:
            return
        queue, slot = known
        self._counts[queue][slot] -= 1
        if not self._counts[queue].total():
            del self._counts[queue]
