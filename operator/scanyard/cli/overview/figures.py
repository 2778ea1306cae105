"""Figures of the ScanJobs that are there, by queue: all counted, none estimated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scanyard.cli.scans.state import is_settled
from scanyard.lifecycle.job import Job

OUTCOMES: Final = ("Succeeded", "Failed", "TimedOut", "Cancelled")


@dataclass(slots=True)
class Figures:
    """Of one queue; `live` are not finished, times are in seconds."""

    namespace: str
    queue: str
    live: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)

    @property
    def scans(self) -> int:
        """All of them."""
        return self.live + sum(self.outcomes.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "namespace": self.namespace,
            "queue": self.queue,
            "scans": self.scans,
            "live": self.live,
            "outcomes": {name: self.outcomes[name] for name in OUTCOMES},
            "waitSeconds": _times(self.waits),
            "runSeconds": _times(self.runs),
        }


def figures_of(jobs: Iterable[Job]) -> list[Figures]:
    """One for each queue that a ScanJob names, by namespace and name."""
    found: dict[tuple[str, str], Figures] = {}
    for job in jobs:
        key = (job.queue_namespace, job.queue_name)
        figures = found.setdefault(key, Figures(*key))
        if is_settled(job):
            figures.outcomes[job.status.phase] += 1
        else:
            figures.live += 1
        if (waited := waited_seconds(job)) is not None:
            figures.waits.append(waited)
        if (ran := ran_seconds(job)) is not None:
            figures.runs.append(ran)
    return [found[key] for key in sorted(found)]


def waited_seconds(job: Job) -> float | None:
    """From when it could be admitted to when it first was; None if that is not known.

    Status keeps the newest attempts only, so the first one may not be among them.
    """
    known = [attempt for attempt in job.status.attempts if attempt.admitted_at is not None]
    admitted = [
        attempt
        for attempt in known
        if attempt.admitted_at is not None and attempt.admitted_at >= job.queued_at
    ]
    if not admitted or (admitted[0] is known[0] and known[0].number > 1):
        return None
    first = admitted[0].admitted_at
    return None if first is None else (first - job.queued_at).total_seconds()


def ran_seconds(job: Job) -> float | None:
    """How long the scan took that gave the outcome; None while there is none."""
    started, finished = job.status.started_at, job.status.finished_at
    if not is_settled(job) or started is None or finished is None:
        return None
    return (finished - started).total_seconds()


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The least value that so many percent of all do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def _times(values: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "count": len(values),
        "p50": percentile(values, 50),
        "p95": percentile(values, 95),
        "max": max(values, default=None),
    }
