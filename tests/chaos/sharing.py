"""What scans share, judged: packets, targets, and who comes before whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any, Final

from tests.chaos.node import Container
from tests.chaos.truth import highest, history_of, in_force, runs_at
from tests.support.audit_objects import Seen

_ANY_NUMBER: Final = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the whole installation: how many scans at once, and their packets a second."""

    scans: int
    packets_per_second: int

    @property
    def settings(self) -> dict[str, str]:
        """The operator's environment variables."""
        return {
            "SCANYARD_MAX_CONCURRENT_SCANS": str(self.scans),
            "SCANYARD_PACKETS_PER_SECOND": str(self.packets_per_second),
        }


def judge_sharing(
    containers: Sequence[Container],
    seen: Sequence[Seen],
    *,
    settled_at: Callable[[float], float],
    unguaranteed: Collection[str] = (),
    limits: Sequence[tuple[float, Limits]] = (),
) -> list[str]:
    """No queue sent more than it may, no two scans probed one target, nobody ran before its turn.

    As with slots, what was started under a higher budget may finish under a lower one. Targets of
    a scan whose ScanJob was deleted are not known to a leader that came later; it does not count.
    `limits`: those of the installation, and since when.
    """
    jobs = [event for event in seen if event.kind == "ScanJob"]
    containers = [one for one in containers if one.pod_uid not in unguaranteed]
    queues = [event for event in seen if event.kind == "ScanQueue"]
    return [
        *_packets(containers, queues, settled_at),
        *_namespaces(containers, queues, settled_at),
        *_installation(containers, limits),
        *_nodes(containers, seen, settled_at),
        *_targets(containers, jobs),
        *_dependencies(jobs),
    ]


def _packets(
    containers: Sequence[Container],
    queues: Sequence[Seen],
    settled_at: Callable[[float], float],
) -> list[str]:
    budgets = history_of(queues, lambda event: int(event.raw["spec"].get("packetsPerSecond", 0)))
    told = []
    for new in containers:
        history = budgets.get(new.queue.rpartition("/")[2], [])
        if not any(budget for _, budget in history):
            continue
        here = [one for one in containers if one.queue == new.queue and runs_at(one, new.started)]
        since = settled_at(min(one.allowed_since for one in here))
        allowed, sent = highest(history, since, new.started), sum(one.packets for one in here)
        if sent > allowed:
            names = ", ".join(one.pod for one in here)
            told.append(f"{sent} packets a second in {new.queue}, {allowed} allowed: {names}")
    return told


def _namespaces(
    containers: Sequence[Container],
    queues: Sequence[Seen],
    settled_at: Callable[[float], float],
) -> list[str]:
    """Of one namespace no more than its limit in the queue."""
    limits = history_of(queues, _limit_of_a_namespace)
    told = []
    for new in containers:
        history = limits.get(new.queue.rpartition("/")[2], [])
        if not history:
            continue
        here = [
            one
            for one in containers
            if (one.queue, one.namespace) == (new.queue, new.namespace)
            and runs_at(one, new.started)
        ]
        since = settled_at(min(one.allowed_since for one in here))
        if len(here) > (allowed := highest(history, since, new.started)):
            names = ", ".join(one.pod for one in here)
            told.append(
                f"{len(here)} of a namespace ran in {new.queue}, {allowed} allowed: {names}"
            )
    return told


def _installation(
    containers: Sequence[Container], limits: Sequence[tuple[float, Limits]]
) -> list[str]:
    told = []
    for new in containers if limits else ():
        here = [one for one in containers if runs_at(one, new.started)]
        allowed = in_force(limits, min(one.allowed_since for one in here), new.started)
        scans = max(each.scans for each in allowed)
        packets = max(each.packets_per_second for each in allowed)
        if len(here) > scans:
            told.append(f"{len(here)} ran in the installation at {new.pod}, {scans} allowed")
        if (sent := sum(one.packets for one in here)) > packets:
            told.append(f"{sent} packets a second in all at {new.pod}, {packets} allowed")
    return told


def _limit_of_a_namespace(event: Seen) -> int:
    spec = event.raw["spec"]
    return int(spec.get("maxConcurrentPerNamespace") or spec["maxConcurrent"])


def _nodes(
    containers: Sequence[Container], seen: Sequence[Seen], settled_at: Callable[[float], float]
) -> list[str]:
    """On one node no more of a queue than it allowed when the Pod of the last one was created.

    The scheduler sees to it, and knows nothing of a scan whose Pod was deleted by force.
    """
    limits = history_of([each for each in seen if each.kind == "ScanQueue"], _limit_of_a_node)
    created = {
        each.raw["metadata"]["uid"]: each.at
        for each in seen
        if each.kind == "Pod" and each.type == "ADDED"
    }
    told = []
    for new in containers:
        history = limits.get(new.queue.rpartition("/")[2], [])
        at = created.get(new.pod_uid, new.started)
        allowed = highest(history, settled_at(at), at)
        here = [
            one
            for one in containers
            if (one.queue, one.node) == (new.queue, new.node)
            and runs_at(one, new.started)
            and (one.pod_went is None or new.started < one.pod_went)
        ]
        if history and len(here) > allowed:
            names = ", ".join(one.pod for one in here)
            told.append(f"{len(here)} of {new.queue} on {new.node}, {allowed} allowed: {names}")
    return told


def _limit_of_a_node(event: Seen) -> int:
    spec = event.raw["spec"]
    return int(spec.get("maxConcurrentPerNode") or _ANY_NUMBER)


def _targets(containers: Sequence[Container], jobs: Sequence[Seen]) -> list[str]:
    spans: dict[str, tuple[int, int]] = {}
    deleted: dict[str, float] = {}
    for event in jobs:
        uid = event.raw["metadata"]["uid"]
        spans[uid] = span(event.raw["spec"]["targets"][0])
        if event.deleted or "deletionTimestamp" in event.raw["metadata"]:
            deleted[uid] = min(event.at, deleted.get(uid, event.at))
    return [
        f"{one.pod} and {other.pod} scanned the same target at once"
        for one, other in combinations(sorted(containers, key=lambda each: each.started), 2)
        if one.scanjob != other.scanjob
        and runs_at(one, other.started)
        and one.scanjob not in deleted
        and overlap(spans[one.scanjob], spans[other.scanjob])
    ]


def span(target: str) -> tuple[int, int]:
    """First and last address, as numbers."""
    if "-" in target:
        first, last = target.split("-")
        return int(ip_address(first)), int(ip_address(last))
    network = ip_network(target)
    return int(network.network_address), int(network.broadcast_address)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans have an address in common."""
    return one[0] <= other[1] and other[0] <= one[1]


def _dependencies(jobs: Sequence[Seen]) -> list[str]:
    """Each ScanJob was admitted after what it depends on had ended once."""
    told, ended, admitted = [], set[str](), set[str]()
    for event in sorted(jobs, key=lambda each: each.version):
        meta, status = event.raw["metadata"], event.raw.get("status") or {}
        if meta["uid"] not in admitted and status.get("attempts"):
            admitted.add(meta["uid"])
            told += [
                f"{meta['name']} was admitted before {need['name']} had ended"
                for need in event.raw["spec"].get("dependsOn") or ()
                if need["name"] not in ended
            ]
        if any(_is_end(item) for item in status.get("conditions") or ()):
            ended.add(meta["name"])
    return told


def _is_end(condition: dict[str, Any]) -> bool:
    return (condition["type"], condition["status"]) == ("Finished", "True")
