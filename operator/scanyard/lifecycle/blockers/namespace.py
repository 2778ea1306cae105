"""A queue that does not take ScanJobs of this namespace."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.status import JobStatus

REASON: Final = "NamespaceNotAllowed"


def not_allowed(view: View, _status: JobStatus) -> Blocked | None:
    """Until the queue takes them, or the namespace gets the labels that the queue asks for."""
    if view.queue is not None or not (view.queue_closed or view.job.queue_elsewhere):
        return None
    return Blocked("namespace", REASON, message(view.job), mistake=True)


def message(job: Job) -> str:
    """What is wrong, and the way out.

    Whether a queue of another namespace exists at all is not told: only those whom it takes see it.
    """
    if not job.queue_elsewhere:
        return (
            f"queue {job.queue_name} does not take ScanJobs of its own namespace {job.namespace}: "
            "let its spec.allowedNamespaces.selector match the labels of this namespace, or name "
            "another queue in queueRef"
        )
    return (
        f"no ScanQueue {job.queue_name} in namespace {job.queue_namespace} takes ScanJobs of "
        f"namespace {job.namespace}: ask whoever runs it to allow this namespace in its "
        "spec.allowedNamespaces, or name another queue in queueRef"
    )
