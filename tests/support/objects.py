"""Raw ScanJobs, ScanQueues and Pods as the API server would hand them out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from scanyard.api import names
from scanyard.lifecycle.timestamps import format_time
from scanyard.scanners import HostReport, PortReport, Report

#: The instant at which the tests' stories take place.
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
UID = "0a1b2c3d-0000-4000-8000-000000000001"


def at(seconds: float) -> str:
    """A timestamp so many seconds after NOW (negative: before)."""
    return format_time(NOW + timedelta(seconds=seconds))


def raw_job(*, status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """ScanJob team/web, created 10 s before NOW, with the API server's defaults."""
    defaults = {
        "queueRef": {"name": "default"},
        "scanner": "nmap",
        "targets": ["198.18.0.7"],
        "priority": 0,
        "timeoutSeconds": 3600,
        "startDeadlineSeconds": 600,
        "retry": {
            "maxAttempts": 3,
            "backoffSeconds": 10,
            "maxBackoffSeconds": 300,
            "causes": [
                "NodeLost",
                "Evicted",
                "Preempted",
                "ImagePull",
                "StartDeadline",
                "ResultLost",
            ],
        },
        "suspend": False,
        "cancel": False,
    }
    return {
        "metadata": {
            "namespace": "team",
            "name": "web",
            "uid": UID,
            "generation": 1,
            "resourceVersion": "100",
            "creationTimestamp": at(-10),
        },
        "spec": defaults | spec,
        "status": status or {"observedGeneration": -1, "phase": "Pending"},
    }


def raw_queue(*, notes: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """ScanQueue team/default, with these annotations."""
    defaults = {"maxConcurrent": 2, "priority": 0, "stopPolicy": "None", "agingSeconds": 600}
    return {
        "metadata": {
            "namespace": "team",
            "name": "default",
            "uid": "queue-uid",
            "generation": 1,
            "resourceVersion": "50",
            "annotations": notes or {},
        },
        "spec": defaults | spec,
    }


def open_attempt(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A status with one admitted attempt, by fence 7."""
    attempt = {
        "number": number,
        "queue": "team/default",
        "fence": 7,
        "podName": names.pod_name("web", UID, number),
        "admittedAt": at(-5),
    }
    return {
        "observedGeneration": 1,
        "phase": "Starting",
        "attemptCount": number,
        "attempts": [attempt | fields],
    }


def condition(kind: str, reason: str, *, value: bool = True, message: str = "") -> dict[str, Any]:
    """A condition as it stands in a status, since 10 s before NOW."""
    return {
        "type": kind,
        "status": str(value),
        "reason": reason,
        "message": message,
        "lastTransitionTime": at(-10),
    }


def raw_pod(
    *, state: dict[str, Any] | None = None, attempt: int = 1, node: str = "node-1", **status: Any
) -> dict[str, Any]:
    """The attempt's Pod with its scanner container in `state`."""
    containers = [] if state is None else [{"name": "scanner", "state": state}]
    return {
        "metadata": {
            "namespace": "team",
            "name": names.pod_name("web", UID, attempt),
            "uid": f"pod-{attempt}",
            "resourceVersion": "200",
            "creationTimestamp": at(-5),
            "labels": {
                names.LABEL_MANAGED_BY: names.MANAGED_BY,
                names.LABEL_UID: UID,
                names.LABEL_ATTEMPT: str(attempt),
                names.LABEL_ROLE: names.ROLE_ATTEMPT,
            },
            "annotations": {
                names.ANNOTATION_SCANJOB: "team/web",
                names.ANNOTATION_QUEUE: "team/default",
            },
        },
        "spec": {
            "nodeName": node,
            "activeDeadlineSeconds": 3600,
            "terminationGracePeriodSeconds": 60,
        },
        "status": {"phase": "Running", "containerStatuses": containers, "startTime": at(-5)}
        | status,
    }


def terminated(report: Report | None, *, exit_code: int = 0, **fields: Any) -> dict[str, Any]:
    """A container state: ended 1 s before NOW with that report."""
    message = "" if report is None else report.encode().decode()
    return {
        "terminated": {
            "exitCode": exit_code,
            "startedAt": at(-4),
            "finishedAt": at(-1),
            "message": message,
            "reason": "Completed" if exit_code == 0 else "Error",
        }
        | fields
    }


def report(*, complete: bool = True, **fields: Any) -> Report:
    """One host up with port 80 open."""
    host = HostReport("198.18.0.7", None, "up", (PortReport(80, "tcp", "open", "http"),))
    facts: dict[str, Any] = {
        "scanner": "nmap",
        "complete": complete,
        "exit_code": 0,
        "progress": 100 if complete else 40,
        "hosts_up": 1,
        "hosts_total": 1,
        "open_ports": 1,
        "hosts": (host,),
    }
    return Report(**(facts | fields))
