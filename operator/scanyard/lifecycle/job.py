"""A ScanJob as the decisions see it, read from the raw object without validating it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scanyard.lifecycle.needs import Need, read_needs
from scanyard.lifecycle.retry import RetryPolicy
from scanyard.lifecycle.status import JobStatus
from scanyard.lifecycle.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Job:
    """One ScanJob: identity, the wishes in its spec, and its status.

    `needs`: what must come first; `waits_on_failure`: also for what has failed, to be run again.
    `ttl_seconds`: for how long it is kept when it has finished; None: its queue says.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    created: datetime
    deleting: bool
    queue_name: str
    scanner: str
    priority: int
    timeout_seconds: int
    start_deadline_seconds: int
    retry: RetryPolicy
    needs: tuple[Need, ...]
    waits_on_failure: bool
    ttl_seconds: int | None
    suspend: bool
    cancel: bool
    rerun_token: str | None
    not_before: datetime | None
    spec: Mapping[str, Any]
    status: JobStatus

    @property
    def key(self) -> str:
        """namespace/name"""
        return f"{self.namespace}/{self.name}"

    @property
    def member(self) -> str:
        """The ScanJob's text in the ledger: namespace/name/uid, so that ties sort by name."""
        return f"{self.namespace}/{self.name}/{self.uid}"

    @property
    def queue_key(self) -> str:
        """namespace/name of its ScanQueue; queues serve their own namespace."""
        return f"{self.namespace}/{self.queue_name}"

    @property
    def queued_at(self) -> datetime:
        """Since when it has been eligible; creation unless status or notBefore says later."""
        return self.status.queued_at or self.eligible_later or self.created

    @property
    def eligible_later(self) -> datetime | None:
        """Its notBefore, where that is later than its creation."""
        later = self.not_before is not None and self.not_before > self.created
        return self.not_before if later else None

    def eligible_from(self, instant: datetime) -> datetime:
        """The instant, or its notBefore if that is later."""
        return instant if self.not_before is None else max(instant, self.not_before)

    @property
    def rerun_wanted(self) -> bool:
        """A finished ScanJob whose token is new starts again."""
        return (
            self.status.finished
            and self.rerun_token is not None
            and self.rerun_token != self.status.rerun_token
        )


def read_job(raw: Mapping[str, Any]) -> Job:
    """Read a ScanJob that the API server has validated and defaulted."""
    meta, spec = raw["metadata"], raw.get("spec", {})
    return Job(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        generation=meta.get("generation", 1),
        resource_version=meta.get("resourceVersion", ""),
        created=parse_time(meta.get("creationTimestamp")) or datetime.fromtimestamp(0, UTC),
        deleting="deletionTimestamp" in meta,
        queue_name=spec.get("queueRef", {}).get("name", "default"),
        scanner=spec.get("scanner", "nmap"),
        priority=spec.get("priority", 0),
        timeout_seconds=spec.get("timeoutSeconds", 3600),
        start_deadline_seconds=spec.get("startDeadlineSeconds", 600),
        retry=RetryPolicy.read(spec.get("retry")),
        needs=read_needs(spec),
        waits_on_failure=spec.get("dependencyFailurePolicy") == "Wait",
        ttl_seconds=spec.get("ttlSecondsAfterFinished"),
        suspend=spec.get("suspend", False),
        cancel=spec.get("cancel", False),
        rerun_token=spec.get("rerunToken"),
        not_before=_not_before(spec),
        spec=spec,
        status=JobStatus.read(raw.get("status") or {}),
    )


def _not_before(spec: Mapping[str, Any]) -> datetime | None:
    """Raises ValueError where it cannot be read: nothing must start too early for that."""
    text = spec.get("notBefore")
    found = parse_time(text)
    if text and found is None:
        raise ValueError(f"notBefore {text!r} is no time")
    return found
