"""The attempts that hold slots, by node, as the ScanJobs' statuses tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.timestamps import format_optional


@dataclass(frozen=True, slots=True)
class Running:
    """One attempt; `since` is its start, or its admission before that."""

    namespace: str
    name: str
    queue: str
    number: int
    node: str
    phase: str
    progress: int | None
    since: datetime | None

    @property
    def key(self) -> str:
        """namespace/name of the ScanJob."""
        return f"{self.namespace}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "namespace": self.namespace,
            "scanjob": self.name,
            "attempt": self.number,
            "queue": self.queue,
            "node": self.node or None,
            "phase": self.phase,
            "progress": self.progress,
            "since": format_optional(self.since),
        }


def running_attempts(jobs: Iterable[Job]) -> list[Running]:
    """By node, the oldest first; those without a node yet at the end."""
    found = [item for item in map(_running, jobs) if item is not None]
    found.sort(key=lambda item: (not item.node, item.node, str(item.since or ""), item.key))
    return found


def _running(job: Job) -> Running | None:
    attempt = job.status.open_attempt
    if attempt is None:
        return None
    return Running(
        namespace=job.namespace,
        name=job.name,
        queue=job.queue_text,
        number=attempt.number,
        node=attempt.node_name,
        phase=job.status.phase,
        progress=job.status.progress,
        since=attempt.started_at or attempt.admitted_at,
    )
