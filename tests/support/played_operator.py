"""The operator's part, played by a test: statuses as the operator writes them, when a test says so.

For tests of those who read statuses, on an API server without an operator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scanyard.api import names
from scanyard.lifecycle import conditions
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.status import Attempt, JobStatus, merge_patch
from scanyard.lifecycle.timestamps import format_time
from tests.support.kube import Namespace

SUMMARY: Final = {
    "complete": True,
    "hostsUp": 2,
    "hostsDown": 14,
    "hostsTotal": 16,
    "openPorts": 3,
    "hosts": [
        {
            "address": "192.0.2.5",
            "hostname": "web.example.com",
            "state": "up",
            "ports": [
                {"port": 80, "protocol": "tcp", "state": "open", "service": "http"},
                {"port": 443, "protocol": "tcp", "state": "open", "service": "https"},
            ],
        },
        {
            "address": "192.0.2.9",
            "state": "up",
            "ports": [{"port": 53, "protocol": "udp", "state": "open", "service": "domain"}],
        },
    ],
}


@dataclass(frozen=True, slots=True)
class PlayedOperator:
    """Of one namespace; `seconds` are how long ago something happened."""

    namespace: Namespace

    def queued(self, name: str, message: str = "queue default runs 2 of at most 2; 1 wait") -> None:
        """It waits."""
        job = self._read(name)
        self._write(job, _in_progress(job, job.status, "Queued", "QueueFull", message))

    def answers(self, name: str, **fields: Any) -> str:
        """Answer the question that stands in its annotations; returns the token."""
        raw = self.namespace.get("scanjobs", name)
        token = str(raw["metadata"]["annotations"][names.ANNOTATION_EXPLAIN])
        told = {"token": token, "at": format_time(_ago(0))} | fields
        body = {"status": {"explanation": told}}
        self.namespace.patch("scanjobs", name, body, "status").expect()
        return token

    def running(
        self, name: str, *, percent: int = 0, node: str = "node-1", seconds: float = 0
    ) -> None:
        """Its newest attempt runs; a first one is admitted if there is none."""
        job = self._read(name)
        began = _ago(seconds)
        attempt = job.status.open_attempt or Attempt(
            number=job.status.attempt_count + 1,
            queue=job.queue_key,
            fence=1,
            pod_name=names.pod_name(job.name, job.uid, job.status.attempt_count + 1),
            admitted_at=began - timedelta(seconds=2),
            started_at=began,
            node_name=node,
            source_address="198.18.0.9",
        )
        status = replace(
            job.status.with_attempt(attempt),
            started_at=attempt.started_at,
            finished_at=None,
            rerun_token=job.rerun_token,
            progress=percent,
        )
        self._write(
            job,
            _in_progress(job, status, "Running", "Running", f"{job.scanner} runs on node {node}"),
        )

    def succeeded(
        self, name: str, *, summary: dict[str, Any] | None = None, seconds: float = 0
    ) -> None:
        """It ended well so long ago."""
        job, status, end = self._ended(name, "ScanComplete", seconds)
        status = replace(status, summary=SUMMARY if summary is None else summary)
        self._write(job, conditions.succeeded(job, status, end, "3 open ports on 2 hosts up of 16"))

    def failed(self, name: str, reason: str, message: str, *, seconds: float = 0) -> None:
        """It ended badly."""
        job, status, end = self._ended(name, reason, seconds)
        self._write(
            job,
            conditions.failed(job, status, end, phase="Failed", reason=reason, message=message),
        )

    def cancelled(self, name: str) -> None:
        """It was ended by its user."""
        job, status, end = self._ended(name, "Cancelled", 0)
        message = "cancelled by its spec"
        told = conditions.failed(
            job, status, end, phase="Cancelled", reason="Cancelled", message=message
        )
        self._write(job, told)

    def queue(self, name: str, *, running: int, waiting: int) -> None:
        """What a queue's status counts."""
        told = {
            "type": "Ready",
            "status": "True",
            "reason": "Admitting",
            "message": "ScanJobs are admitted as slots come free",
            "lastTransitionTime": format_time(_ago(0)),
        }
        status = {
            "observedGeneration": 1,
            "running": running,
            "waiting": waiting,
            "conditions": [told],
        }
        self.namespace.patch("scanqueues", name, {"status": status}, "status").expect()

    def _read(self, name: str) -> Job:
        return read_job(self.namespace.get("scanjobs", name))

    def _ended(self, name: str, reason: str, seconds: float) -> tuple[Job, JobStatus, datetime]:
        job, end = self._read(name), _ago(seconds)
        status = job.status
        if status.open_attempt is not None:
            attempt = replace(status.open_attempt, ended_at=end, reason=reason, exit_code=0)
            status = status.with_attempt(attempt)
        return job, replace(status, finished_at=end), end

    def _write(self, job: Job, status: JobStatus) -> None:
        old = self.namespace.get("scanjobs", job.name)["status"]
        patch = {"status": merge_patch(old, status.raw())}
        self.namespace.patch("scanjobs", job.name, patch, "status").expect()


def _in_progress(job: Job, status: JobStatus, phase: str, reason: str, message: str) -> JobStatus:
    return conditions.in_progress(job, status, _ago(0), phase=phase, reason=reason, message=message)


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)
