"""What running scans use of what is shared, and whether one more fits.

Slots are counted by the ledger itself; here are the packets a second of a queue and of the whole
installation, and the targets that several scans would probe at the same time. Each is judged when
a ScanJob is about to be admitted, against what is admitted then; what runs when a limit is
lowered may finish.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.footprint import Footprint, FootprintIndex, common_block
from scanyard.scanners import MasscanOptions

BUDGET_EXHAUSTED: Final = "BudgetExhausted"
TARGET_BUSY: Final = "TargetBusy"
TOO_MANY_PENDING: Final = "TooManyPending"
REASONS: Final = frozenset({BUDGET_EXHAUSTED, TARGET_BUSY, TOO_MANY_PENDING})

#: Of the installation's packets, for a scan whose rate nobody has said anything about.
_SHARE_OF_INSTALLATION: Final = 10
_PACKETS, _TARGET, _INSTALLATION = "packets/", "target/", "installation"
_PENDING: Final = "pending/"
_NAMED_HOLDERS: Final = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """What one scan uses while it holds its slot: packets a second (0: no limit), and targets."""

    queue: str
    job_key: str
    packets_per_second: int
    footprint: Footprint


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why a scan does not fit: the ledger's parked list, what to tell, and who could make room.

    `holders`: ScanJob uids one of which must end first; empty where any of the list may.
    """

    key: str
    reason: str
    message: str
    holders: tuple[str, ...] = ()


def packets_of(job: Job, queue: Queue, installation_packets: int) -> int:
    """At how many packets a second its scanner is to send; 0: nothing says so.

    What the ScanJob states; else the queue's default; else an equal share of the queue's budget
    for each of its slots; else a tenth of the installation's.
    """
    options = job.spec.get(job.scanner) or {}
    own = MasscanOptions().packets_per_second if job.scanner == "masscan" else 0
    return (
        options.get("packetsPerSecond")
        or own
        or queue.unstated_packets
        or -(-installation_packets // _SHARE_OF_INSTALLATION)
    )


def packets_key(queue: str) -> str:
    """The parked list of those that a queue's packet budget keeps back."""
    return _PACKETS + queue


def pending_key(queue: str, namespace: str) -> str:
    """The parked list of a namespace's ScanJobs that a queue's limits.maxPending keeps back."""
    return f"{_PENDING}{queue}/{namespace}"


def pending_group(key: str) -> tuple[str, str] | None:
    """Queue and namespace of such a list; None: it is another one."""
    if not key.startswith(_PENDING):
        return None
    queue, _, namespace = key.removeprefix(_PENDING).rpartition("/")
    return queue, namespace


INSTALLATION_KEY: Final = packets_key(_INSTALLATION)


def reason_of(key: str) -> str:
    """What those in a parked list are told; "" where the list is none of these."""
    if key.startswith(_PACKETS):
        return BUDGET_EXHAUSTED
    if key.startswith(_PENDING):
        return TOO_MANY_PENDING
    return TARGET_BUSY if key.startswith(_TARGET) else ""


class Usage:
    """The demands of all that hold a slot, by ScanJob uid."""

    def __init__(self) -> None:
        self._demands: dict[str, Demand] = {}
        self._packets: Counter[str] = Counter()
        self._targets = FootprintIndex()

    def __contains__(self, uid: str) -> bool:
        return uid in self._demands

    def uids(self) -> set[str]:
        """Who uses anything."""
        return set(self._demands)

    def packets(self, queue: str) -> int:
        """Packets a second that the running scans of a queue may send."""
        return self._packets[queue]

    def add(self, uid: str, demand: Demand) -> None:
        """It holds a slot from now on."""
        self.remove(uid)
        self._demands[uid] = demand
        self._packets[demand.queue] += demand.packets_per_second
        self._targets.add(uid, demand.footprint)

    def remove(self, uid: str) -> Demand | None:
        """It holds no slot any more; returns what it used."""
        demand = self._demands.pop(uid, None)
        if demand is not None:
            self._packets[demand.queue] -= demand.packets_per_second
            if not self._packets[demand.queue]:
                del self._packets[demand.queue]
            self._targets.remove(uid)
        return demand

    def shortage(self, demand: Demand, queue: Queue, installation_packets: int) -> Shortage | None:
        """What keeps one more scan back; None: it fits."""
        return (
            self._too_many_packets(demand, queue.key, queue.packets_per_second)
            or self._too_many_packets(demand, _INSTALLATION, installation_packets)
            or self._busy_target(demand, queue.max_concurrent_per_target)
        )

    def holders(self, demand: Demand, queue: Queue, installation_packets: int) -> list[str]:
        """namespace/name of all that use what is short for it; empty if nothing is."""
        short = self.shortage(demand, queue, installation_packets)
        if short is None:
            return []
        if short.reason == TARGET_BUSY:
            return [self._demands[uid].job_key for uid in short.holders]
        everybody = short.key == INSTALLATION_KEY
        return [
            used.job_key
            for used in self._demands.values()
            if used.packets_per_second and (everybody or used.queue == queue.key)
        ]

    def _too_many_packets(self, demand: Demand, of: str, budget: int) -> Shortage | None:
        used = self._packets.total() if of == _INSTALLATION else self._packets[of]
        wanted = demand.packets_per_second
        if not budget or not wanted or used + wanted <= budget:
            return None
        whose = "this installation's scans" if of == _INSTALLATION else f"the scans of queue {of}"
        message = (
            f"{whose} send up to {used} of at most {budget} packets a second; this one needs "
            f"{wanted}"
        )
        return Shortage(packets_key(of), BUDGET_EXHAUSTED, message)

    def _busy_target(self, demand: Demand, limit: int) -> Shortage | None:
        if not limit:
            return None
        holders = self._targets.overlapping(demand.footprint)
        if len(holders) < limit:
            return None
        message = (
            "some of the same targets are being scanned by "
            f"{self._names(demand, holders)}; at most {limit} may at once"
        )
        key = _TARGET + common_block(self._targets[holders[0]], demand.footprint)
        return Shortage(key, TARGET_BUSY, message, tuple(holders))

    def _names(self, demand: Demand, holders: list[str]) -> str:
        """ScanJobs of the same namespace by name; whose others are is not everybody's business."""
        namespace = demand.job_key.partition("/")[0]
        keys = [self._demands[uid].job_key for uid in holders]
        names = [name for own, _, name in (key.partition("/") for key in keys) if own == namespace]
        shown = names[:_NAMED_HOLDERS]
        if len(names) > len(shown):
            shown.append(f"{len(names) - len(shown)} more")
        if len(names) < len(holders):
            shown.append(f"{len(holders) - len(names)} of other namespaces")
        return ", ".join(shown)
