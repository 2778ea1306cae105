"""What scans share, judged: packets, targets, and who comes before whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any

from tests.chaos.node import Container
from tests.chaos.truth import highest, history_of, runs_at
from tests.support.audit_objects import Seen


def judge_sharing(
    containers: Sequence[Container],
    seen: Sequence[Seen],
    *,
    settled_at: Callable[[float], float],
    unguaranteed: Collection[str] = (),
) -> list[str]:
    """No queue sent more than it may, no two scans probed one target, nobody ran before its turn.

    As with slots, what was started under a higher budget may finish under a lower one. Targets of
    a scan whose ScanJob was deleted are not known to a leader that came later; it does not count.
    """
    jobs = [event for event in seen if event.kind == "ScanJob"]
    containers = [one for one in containers if one.pod_uid not in unguaranteed]
    queues = [event for event in seen if event.kind == "ScanQueue"]
    return [
        *_packets(containers, queues, settled_at),
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
        since = settled_at(min(one.started for one in here))
        allowed, sent = highest(history, since, new.started), sum(one.packets for one in here)
        if sent > allowed:
            names = ", ".join(one.pod for one in here)
            told.append(f"{sent} packets a second in {new.queue}, {allowed} allowed: {names}")
    return told


def _targets(containers: Sequence[Container], jobs: Sequence[Seen]) -> list[str]:
    spans: dict[str, tuple[int, int]] = {}
    deleted: dict[str, float] = {}
    for event in jobs:
        uid = event.raw["metadata"]["uid"]
        spans[uid] = _span(event.raw["spec"]["targets"][0])
        if event.deleted or "deletionTimestamp" in event.raw["metadata"]:
            deleted[uid] = min(event.at, deleted.get(uid, event.at))
    return [
        f"{one.pod} and {other.pod} scanned the same target at once"
        for one, other in combinations(sorted(containers, key=lambda each: each.started), 2)
        if one.scanjob != other.scanjob
        and runs_at(one, other.started)
        and one.scanjob not in deleted
        and _overlap(spans[one.scanjob], spans[other.scanjob])
    ]


def _span(target: str) -> tuple[int, int]:
    if "-" in target:
        first, last = target.split("-")
        return int(ip_address(first)), int(ip_address(last))
    network = ip_network(target)
    return int(network.network_address), int(network.broadcast_address)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
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
