"""A ScanJob as the decisions see it, read from the raw object without validating it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scanyard.api import names
from scanyard.api.scanjob import DEFAULT_TIMEOUT_SECONDS
from scanyard.api.scanjob_status import MAX_TOKEN
from scanyard.lifecycle.dependencies.needs import Need, read_needs
from scanyard.lifecycle.retry import RetryPolicy
from scanyard.lifecycle.status import Attempt, JobStatus
from scanyard.lifecycle.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Job:
    """One ScanJob: identity, the wishes in its spec, and its status.

    `needs`: what must come first; `waits_on_failure`: also for what has failed, to be run again.
    `ttl_seconds`: for how long it is kept when it has finished; None: its queue says. `explain`:
    token of whoever asks why it waits, empty if nobody does. `requested_by`: who created it, where
    the API server recorded that. `timeout_seconds`: as its user stated it; None: not at all (see
    timeouts/timeout.py).
    """

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    created: datetime
    deleting: bool
    queue_name: str
    queue_namespace: str
    scanner: str
    priority: int
    timeout_seconds: int | None
    timeout_policy: str | None
    start_deadline_seconds: int
    retry: RetryPolicy
    needs: tuple[Need, ...]
    waits_on_failure: bool
    ttl_seconds: int | None
    suspend: bool
    cancel: bool
    rerun_token: str | None
    not_before: datetime | None
    explain: str
    spec: Mapping[str, Any]
    status: JobStatus
    requested_by: str = ""

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
        """namespace/name of the ScanQueue that it names; whether that takes it is for others."""
        return f"{self.queue_namespace}/{self.queue_name}"

    @property
    def queue_elsewhere(self) -> bool:
        """Whether it names a queue of another namespace."""
        return self.queue_namespace != self.namespace

    @property
    def queue_text(self) -> str:
        """Its queue for people of its own namespace."""
        return self.queue_key if self.queue_elsewhere else self.queue_name

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

    def timeout_of(self, attempt: Attempt) -> int:
        """The timeout in force, in seconds; an earlier version recorded none with its attempts."""
        return attempt.timeout_seconds or self.timeout_seconds or DEFAULT_TIMEOUT_SECONDS

    @property
    def waits(self) -> bool:
        """It has no attempt under way, and is to have one."""
        if self.status.open_attempt is not None or self.suspend:
            return False
        return not self.status.finished or self.rerun_wanted

    @property
    def is_asked(self) -> bool:
        """Somebody asks why it waits, and has no answer yet."""
        answer = self.status.explanation
        return bool(self.explain) and (answer is None or answer.get("token") != self.explain)

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
    queue_ref = spec.get("queueRef", {})
    return Job(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        generation=meta.get("generation", 1),
        resource_version=meta.get("resourceVersion", ""),
        created=parse_time(meta.get("creationTimestamp")) or datetime.fromtimestamp(0, UTC),
        deleting="deletionTimestamp" in meta,
        queue_name=queue_ref.get("name", "default"),
        queue_namespace=queue_ref.get("namespace") or meta["namespace"],
        scanner=spec.get("scanner", "nmap"),
        priority=spec.get("priority", 0),
        timeout_seconds=spec.get("timeoutSeconds"),
        timeout_policy=spec.get("timeoutPolicy"),
        start_deadline_seconds=spec.get("startDeadlineSeconds", 600),
        retry=RetryPolicy.read(spec.get("retry")),
        needs=read_needs(spec),
        waits_on_failure=spec.get("dependencyFailurePolicy") == "Wait",
        ttl_seconds=spec.get("ttlSecondsAfterFinished"),
        suspend=spec.get("suspend", False),
        cancel=spec.get("cancel", False),
        rerun_token=spec.get("rerunToken"),
        not_before=_not_before(spec),
        explain=(meta.get("annotations") or {}).get(names.ANNOTATION_EXPLAIN, "")[:MAX_TOKEN],
        spec=spec,
        status=JobStatus.read(raw.get("status") or {}),
        requested_by=(meta.get("annotations") or {}).get(names.ANNOTATION_REQUESTER, ""),
    )


def _not_before(spec: Mapping[str, Any]) -> datetime | None:
    """Raises ValueError where it cannot be read: nothing must start too early for that."""
    text = spec.get("notBefore")
    found = parse_time(text)
    if text and found is None:
        raise ValueError(f"notBefore {text!r} is no time")
    return found
