"""What the running scans use beside their slots, and which parked lists that keeps back.

The leader is the only one who admits, so that its own count is exact; after a takeover it is made
anew from the attempts in status, and from the Pods of ScanJobs that are gone. A ScanJob that does
not fit is parked in the ledger under the key of what is short, and comes back when that may have
changed: a list is `hot` then, and its first are judged again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scanyard.controller.admission.placement import Standing
from scanyard.controller.mirror import Mirror
from scanyard.errors import InvalidInputError
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import (
    INSTALLATION_KEY,
    Demand,
    Shortage,
    Usage,
    packets_key,
    packets_of,
    reason_of,
)
from scanyard.lifecycle.targets.footprint import Footprint, footprint_of

_NOTHING = Footprint((), frozenset(), ())


class Budgets:
    """Usage by ScanJob uid; `hot`: parked lists of which some may go now."""

    def __init__(self, mirror: Mirror, installation_packets: int) -> None:
        self._mirror = mirror
        self._installation_packets = installation_packets
        self._usage = Usage()
        self._footprints: dict[str, Footprint] = {}
        #: Parked lists that wait for the end of each holder.
        self._watchers: dict[str, set[str]] = {}
        #: How often others went past the first of a list, by ScanJob uid.
        self._overtaken: dict[str, int] = {}
        self.hot: set[str] = set()
        #: Told when a list has become hot.
        self.on_hot: Callable[[], None] = lambda: None

    def demand(self, job: Job, queue: Queue) -> Demand:
        """What the ScanJob would use if it were admitted now."""
        packets = packets_of(job, queue, self._installation_packets)
        return Demand(queue.key, job.key, packets, self._footprint(job))

    def shortage(self, job: Job, queue: Queue) -> Shortage | None:
        """What keeps it back; None: it fits. Its list is hot again when that may have changed."""
        demand = self.demand(job, queue)
        found = self._usage.shortage(demand, queue, self._installation_packets)
        if found is not None:
            for holder in found.holders:
                self._watchers.setdefault(holder, set()).add(found.key)
        return found

    def holders(self, job: Job, queue: Queue) -> list[str]:
        """namespace/name of those that have what is short for it."""
        return self._usage.holders(self.demand(job, queue), queue, self._installation_packets)

    def packets(self, queue: str) -> int:
        """Packets a second that the running scans of a queue may send."""
        return self._usage.packets(queue)

    def reserve(self, uid: str, demand: Demand) -> None:
        """Count it as running, before its slot is asked for."""
        self._usage.add(uid, demand)

    def give_up(self, uid: str) -> None:
        """It holds no slot: neither the ledger's any more, nor did it get one."""
        self._overtaken.pop(uid, None)
        demand = self._usage.remove(uid)
        if demand is None:
            return
        lists = self._watchers.pop(uid, set())
        if demand.packets_per_second:
            lists |= {packets_key(demand.queue), INSTALLATION_KEY}
        self.heat(lists)

    def slot_changed(self, uid: str, standing: Standing | None) -> None:
        """The ledger's holders changed: it holds this slot now, or none."""
        if standing is None or not isinstance(standing.place, Holding):
            self.give_up(uid)
        elif uid not in self._usage:
            self._usage.add(uid, self._found(uid, standing, standing.place))
        self._overtaken.pop(uid, None)

    def keep_only(self, holders: set[str]) -> None:
        """Whoever was counted before its slot was asked for, and never got to ask, is not."""
        for uid in self._usage.uids() - holders:
            self.give_up(uid)

    def heat(self, lists: set[str]) -> None:
        """Have these parked lists judged again; those of other blockers are none of ours."""
        found = {key for key in lists if reason_of(key)}
        if found:
            self.hot |= found
            self.on_hot()

    def overtaken(self, uid: str) -> int:
        """How often others went past it while it was the first of its list."""
        return self._overtaken.get(uid, 0)

    def went_past(self, uid: str) -> None:
        """Another one was admitted before the first of a list."""
        self._overtaken[uid] = self.overtaken(uid) + 1

    def forget(self, uid: str) -> None:
        """The ScanJob is gone, and its slot with it."""
        self._footprints.pop(uid, None)
        self._overtaken.pop(uid, None)

    def _found(self, uid: str, standing: Standing, place: Holding) -> Demand:
        """The demand of a holder that this leader did not admit."""
        job = self._mirror.jobs.get(uid)
        attempt = job.status.open_attempt if job is not None else None
        pods = [pod for pod in self._mirror.pods.of_job(uid) if pod.attempt == place.attempt]
        told = [pod.packets_per_second for pod in pods]
        if attempt is not None and attempt.number == place.attempt:
            told.append(attempt.packets_per_second)
        footprint = _NOTHING if job is None else self._footprint(job)
        key = standing.member.rpartition("/")[0]
        return Demand(place.queue, key, max(told, default=0), footprint)

    def _footprint(self, job: Job) -> Footprint:
        """Read once: targets cannot change."""
        found = self._footprints.get(job.uid)
        if found is None:
            found = self._footprints[job.uid] = _footprint_of(job.spec)
        return found


def _footprint_of(spec: Any) -> Footprint:
    try:
        return footprint_of(spec["targets"], spec.get("excludeTargets") or ())
    except InvalidInputError:
        return _NOTHING  # no scanner takes such targets either: it ends as InvalidSpec
