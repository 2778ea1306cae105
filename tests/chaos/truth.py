"""What the nodes know, judged: what really ran at once, whatever the API said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tests.chaos.node import Container
from tests.support.audit import SETTLING_SECONDS
from tests.support.audit_objects import QueueFacts, Seen


@dataclass(frozen=True, slots=True)
class Truth:
    """Broken rules, and how much ran."""

    violations: list[str]
    containers: int
    most_at_once: int


def judge_containers(
    containers: Sequence[Container],
    queues: Sequence[Seen],
    now: float,
    *,
    settled_at: Callable[[float], float] = lambda now: now - SETTLING_SECONDS,
    unguaranteed: Collection[str] = (),
) -> Truth:
    """No queue ran more than it had ever allowed at a start; no ScanJob two scans at once.

    What was started under a higher limit may finish under a lower one, so a start counts against
    the highest limit that was in force since the oldest scan that still ran. Those of Pods that no
    leader can have known of (`unguaranteed`: their uids, see the audit) do not count.
    """
    limits = _limits(queues)
    containers = [one for one in containers if one.pod_uid not in unguaranteed]
    violations, most = [], 0
    for new in containers:
        beside = [one for one in containers if one is not new and _runs_at(one, new.started)]
        most = max(most, len(beside) + 1)
        violations += [
            f"{new.pod} and {one.pod} ran at once" for one in beside if one.scanjob == new.scanjob
        ]
        here = [one for one in beside if one.queue == new.queue]
        since = min([one.started for one in here], default=new.started)
        since = settled_at(since)
        allowed = _highest(limits[new.queue.rpartition("/")[2]], since, new.started)
        if len(here) + 1 > allowed:
            names = ", ".join(one.pod for one in (*here, new))
            violations.append(f"{len(here) + 1} ran in {new.queue}, {allowed} allowed: {names}")
    violations += [f"{one.pod} still runs" for one in containers if _runs_at(one, now)]
    return Truth(violations, len(containers), most)


def _runs_at(container: Container, moment: float) -> bool:
    ended = container.ended
    return container.started <= moment and (ended is None or moment < ended)


def _limits(queues: Sequence[Seen]) -> dict[str, list[tuple[float, int]]]:
    found: dict[str, list[tuple[float, int]]] = {}
    for event in sorted(queues, key=lambda one: one.version):
        facts = QueueFacts.of(event.raw)
        limit = 0 if event.deleted or facts.stopped else facts.limit
        found.setdefault(facts.name, []).append((event.at, limit))
    return found


def _highest(history: Sequence[tuple[float, int]], since: float, until: float) -> int:
    in_force = [limit for at, limit in history if at <= since][-1:]
    return max(in_force + [limit for at, limit in history if since < at <= until], default=0)
