"""A ScanJob that asks for more than its queue allows."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus

REASON: Final = "ExceedsLimit"


def exceeded(view: View, _status: JobStatus) -> Blocked | None:
    """Until the limit is raised, or it is in another queue."""
    text = "" if view.queue is None else excess(view.job, view.queue)
    return Blocked("limits", REASON, text, mistake=True) if text else None


def excess(job: Job, queue: Queue) -> str:
    """What it asks for beyond the queue's limits, with the way out; empty where nothing."""
    most = queue.max_timeout_seconds
    if most is None or job.timeout_seconds <= most:
        return ""
    return (
        f"timeoutSeconds {job.timeout_seconds} is more than queue {queue.name} allows "
        f"(limits.maxTimeoutSeconds {most}): create a ScanJob with at most {most}, name another "
        "queue in queueRef, or have the limit raised"
    )
