"""The status of a ScanJob as a value: read from the raw object, written back as the least patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from scanyard.lifecycle.timestamps import format_optional, parse_time

#: How many of the newest attempts status keeps.
KEPT_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Attempt:
    """One admission of a ScanJob and what became of it; open until `ended_at` is set."""

    number: int
    queue: str
    fence: int
    pod_name: str
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    message: str = ""
    node_name: str = ""
    source_address: str = ""
    exit_code: int | None = None
    packets_per_second: int = 0
    timeout_seconds: int = 0
    timeout_basis: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From an item of status.attempts."""
        return cls(
            number=raw["number"],
            queue=raw["queue"],
            fence=raw.get("fence", 0),
            pod_name=raw.get("podName", ""),
            admitted_at=parse_time(raw.get("admittedAt")),
            started_at=parse_time(raw.get("startedAt")),
            ended_at=parse_time(raw.get("endedAt")),
            reason=raw.get("reason", ""),
            message=raw.get("message", ""),
            node_name=raw.get("nodeName", ""),
            source_address=raw.get("sourceAddress", ""),
            exit_code=raw.get("exitCode"),
            packets_per_second=raw.get("packetsPerSecond", 0),
            timeout_seconds=raw.get("timeoutSeconds", 0),
            timeout_basis=raw.get("timeoutBasis", ""),
        )

    def raw(self) -> dict[str, Any]:
        """As an item of status.attempts, without what is not known."""
        return _without_empty(
            {
                "number": self.number,
                "queue": self.queue,
                "fence": self.fence,
                "podName": self.pod_name,
                "admittedAt": format_optional(self.admitted_at),
                "startedAt": format_optional(self.started_at),
                "endedAt": format_optional(self.ended_at),
                "reason": self.reason,
                "message": self.message,
                "nodeName": self.node_name,
                "sourceAddress": self.source_address,
                "exitCode": self.exit_code,
                "packetsPerSecond": self.packets_per_second or None,
                "timeoutSeconds": self.timeout_seconds or None,
                "timeoutBasis": self.timeout_basis,
            }
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """One status condition; `changed_at` moves only when `status` does."""

    type: str
    status: bool
    reason: str
    message: str
    observed_generation: int
    changed_at: datetime | None = None

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From an item of status.conditions."""
        return cls(
            type=raw["type"],
            status=raw.get("status") == "True",
            reason=raw.get("reason", ""),
            message=raw.get("message", ""),
            observed_generation=raw.get("observedGeneration", 0),
            changed_at=parse_time(raw.get("lastTransitionTime")),
        )

    def raw(self) -> dict[str, Any]:
        """As an item of status.conditions."""
        return {
            "type": self.type,
            "status": "True" if self.status else "False",
            "reason": self.reason,
            "message": self.message,
            "observedGeneration": self.observed_generation,
            "lastTransitionTime": format_optional(self.changed_at),
        }


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Everything that Scanyard writes about one ScanJob."""

    observed_generation: int = -1
    phase: str = "Pending"
    conditions: tuple[Condition, ...] = ()
    queued_at: datetime | None = None
    queue_position: int | None = None
    estimated_start: datetime | None = None
    estimated_start_latest: datetime | None = None
    dependencies_met_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_at: datetime | None = None
    refusals: int = 0
    failures: int = 0
    rerun_token: str | None = None
    progress: int | None = None
    attempt_count: int = 0
    attempts: tuple[Attempt, ...] = ()
    summary: Mapping[str, Any] | None = field(default=None)
    explanation: Mapping[str, Any] | None = field(default=None)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From the raw status; an absent one is that of a new ScanJob."""
        return cls(
            observed_generation=raw.get("observedGeneration", -1),
            phase=raw.get("phase", "Pending"),
            conditions=tuple(Condition.read(item) for item in raw.get("conditions") or ()),
            queued_at=parse_time(raw.get("queuedAt")),
            queue_position=raw.get("queuePosition"),
            estimated_start=parse_time(raw.get("estimatedStartTime")),
            estimated_start_latest=parse_time(raw.get("estimatedStartTimeLatest")),
            dependencies_met_at=parse_time(raw.get("dependenciesMetAt")),
            started_at=parse_time(raw.get("startedAt")),
            finished_at=parse_time(raw.get("finishedAt")),
            retry_at=parse_time(raw.get("retryAt")),
            refusals=raw.get("refusals", 0),
            failures=raw.get("failures", 0),
            rerun_token=raw.get("rerunToken"),
            progress=raw.get("progress"),
            attempt_count=raw.get("attemptCount", 0),
            attempts=tuple(Attempt.read(item) for item in raw.get("attempts") or ()),
            summary=raw.get("summary"),
            explanation=raw.get("explanation"),
        )

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that is admitted and has not ended: it holds a slot."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.ended_at is None else None

    @property
    def finished(self) -> bool:
        """A terminal outcome has been written."""
        return any(item.type == "Finished" and item.status for item in self.conditions)

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((item for item in self.conditions if item.type == kind), None)

    def with_attempt(self, attempt: Attempt) -> Self:
        """Add the attempt, or replace the one with its number; only the newest are kept."""
        others = tuple(item for item in self.attempts if item.number != attempt.number)
        return replace(
            self,
            attempts=(*others, attempt)[-KEPT_ATTEMPTS:],
            attempt_count=max(self.attempt_count, attempt.number),
        )

    def raw(self) -> dict[str, Any]:
        """As the status of the object, without what is not known."""
        return _without_empty(
            {
                "observedGeneration": self.observed_generation,
                "phase": self.phase,
                "conditions": [item.raw() for item in self.conditions],
                "queuedAt": format_optional(self.queued_at),
                "queuePosition": self.queue_position,
                "estimatedStartTime": format_optional(self.estimated_start),
                "estimatedStartTimeLatest": format_optional(self.estimated_start_latest),
                "dependenciesMetAt": format_optional(self.dependencies_met_at),
                "startedAt": format_optional(self.started_at),
                "finishedAt": format_optional(self.finished_at),
                "retryAt": format_optional(self.retry_at),
                "refusals": self.refusals or None,
                "failures": self.failures or None,
                "rerunToken": self.rerun_token,
                "progress": self.progress,
                "attemptCount": self.attempt_count or None,
                "attempts": [item.raw() for item in self.attempts],
                "summary": dict(self.summary) if self.summary is not None else None,
                "explanation": dict(self.explanation) if self.explanation is not None else None,
            }
        )


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The RFC 7386 patch that turns `old` into `new`; empty when they are equal."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := merge_patch(before, value):
                patch[key] = inner
        elif value != before:
            patch[key] = value
    return patch


def _without_empty(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if value not in (None, "", [])}
