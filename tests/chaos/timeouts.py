"""Adaptive timeouts, judged by the formula of docs/timeouts.md, worked out here anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, Final

from tests.chaos.sharing import span
from tests.chaos.truth import in_force
from tests.support.audit_objects import Seen

#: What the ScanJobs of these runs ask for: Connect scans of few ports, at no pace of their own.
PORTS: Final = {"tcp": "1-20"}
_TCP_PORTS: Final = 20
_PACE: Final = 10.0


def judge_timeouts(seen: Sequence[Seen], *, settled_at: Callable[[float], float]) -> list[str]:
    """Each attempt got its timeout by the rules of its queue then; each Pod has its attempt's."""
    told, noted = [], set[tuple[str, int]]()
    settled: dict[str, int] = {}
    queues: dict[str, list[tuple[float, Mapping[str, Any]]]] = {}
    ordered = sorted(seen, key=lambda each: each.version)
    for event in ordered:
        if event.kind == "ScanQueue" and not event.deleted:
            name = event.raw["metadata"]["name"]
            queues.setdefault(name, []).append((event.at, event.raw["spec"]))
    for event in ordered:
        if event.kind == "ScanJob":
            job = event.raw
            for attempt in (job.get("status") or {}).get("attempts") or ():
                identity = (job["metadata"]["uid"], attempt["number"])
                if identity in noted:
                    continue
                noted.add(identity)
                seconds = settled[attempt["podName"]] = attempt["timeoutSeconds"]
                rules = in_force(
                    queues.get(attempt["queue"].rpartition("/")[2], ()),
                    settled_at(event.at),
                    event.at,
                )
                if not any(seconds in allowed(job["spec"], queue) for queue in rules):
                    told.append(f"{attempt['podName']} got a timeout of {seconds} s")
        elif event.kind == "Pod" and event.type == "ADDED":
            name, spec = event.raw["metadata"]["name"], event.raw["spec"]
            deadline = spec.get("activeDeadlineSeconds")
            if not spec.get("schedulingGates") and deadline != settled.get(name):
                told.append(f"{name} has a deadline of {deadline} s, not {settled.get(name)} s")
    return told


def allowed(job: Mapping[str, Any], queue: Mapping[str, Any]) -> set[int]:
    """The timeouts that it may get: part of its target may be left out, so they are several."""
    if "timeoutSeconds" in job:
        return {job["timeoutSeconds"]}
    first, last = span(job["targets"][0])
    limits = queue.get("limits") or {}
    least, most = limits.get("minTimeoutSeconds", 5), limits.get("maxTimeoutSeconds", 10**9)
    return {min(max(_adaptive(n), least), most) for n in range(1, last - first + 2)}


def _adaptive(addresses: int) -> int:
    """Two packets for each of two probes of an address, then two for each of its ports."""
    seconds = addresses * (2 * 2 + 2 * _TCP_PORTS) / _PACE
    return 2 * ceil(seconds) + 120
