"""What the nodes know, judged: what really ran at once, whatever the API said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.chaos.node import Container
from tests.support.audit import SETTLING_SECONDS
from tests.support.audit_objects import QueueFacts, Seen

_Value = TypeVar("_Value")


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

    What was created under a higher limit may start and finish under a lower one, so a start counts
    against the highest limit that was in force since the oldest Pod of which a scan still ran.
    Those of Pods that no leader can have known of (`unguaranteed`: their uids, see the audit) do
    not count.
    """
    limits = history_of(queues, _limit)
    containers = [one for one in containers if one.pod_uid not in unguaranteed]
    violations, most = [], 0
    for new in containers:
        beside = [one for one in containers if one is not new and runs_at(one, new.started)]
        most = max(most, len(beside) + 1)
        violations += [
            f"{new.pod} and {one.pod} ran at once" for one in beside if one.scanjob == new.scanjob
        ]
        here = [one for one in beside if one.queue == new.queue]
        since = min(one.allowed_since for one in (*here, new))
        since = settled_at(since)
        allowed = highest(limits[new.queue.rpartition("/")[2]], since, new.started)
        if len(here) + 1 > allowed:
            names = ", ".join(one.pod for one in (*here, new))
            violations.append(f"{len(here) + 1} ran in {new.queue}, {allowed} allowed: {names}")
    violations += [f"{one.pod} still runs" for one in containers if runs_at(one, now)]
    return Truth(violations, len(containers), most)


def runs_at(container: Container, moment: float) -> bool:
    """Whether it ran then."""
    ended = container.ended
    return container.started <= moment and (ended is None or moment < ended)


def _limit(event: Seen) -> int:
    facts = QueueFacts.of(event.raw)
    return 0 if event.deleted or facts.stopped else facts.limit


def history_of(
    queues: Sequence[Seen], value: Callable[[Seen], _Value]
) -> dict[str, list[tuple[float, _Value]]]:
    """A value of each queue by name: what it was, and since when."""
    found: dict[str, list[tuple[float, _Value]]] = {}
    for event in sorted(queues, key=lambda one: one.version):
        found.setdefault(event.raw["metadata"]["name"], []).append((event.at, value(event)))
    return found


def in_force(history: Sequence[tuple[float, _Value]], since: float, until: float) -> list[_Value]:
    """All values that it had at any moment between the two."""
    at_first = [value for at, value in history if at <= since][-1:]
    return at_first + [value for at, value in history if since < at <= until]


def highest(history: Sequence[tuple[float, int]], since: float, until: float) -> int:
    """The highest that was in force at any moment between the two; 0 if there was none."""
    return max(in_force(history, since, until), default=0)


def lowest(history: Sequence[tuple[float, int]], since: float, until: float) -> int | None:
    """The lowest that was in force at any moment between the two."""
    return min(in_force(history, since, until), default=None)
