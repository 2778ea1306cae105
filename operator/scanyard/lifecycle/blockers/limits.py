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
    stated = job.timeout_seconds
    least, most = queue.min_timeout_seconds, queue.max_timeout_seconds
    if stated is not None and most is not None and stated > most:
        return (
            f"timeoutSeconds {stated} is more than queue {queue.name} allows "
            f"(limits.maxTimeoutSeconds {most}): create a ScanJob with at most {most}, or without "
            "any, name another queue in queueRef, or have the limit raised"
        )
    if stated is not None and least is not None and stated < least:
        return (
            f"timeoutSeconds {stated} is less than queue {queue.name} allows "
            f"(limits.minTimeoutSeconds {least}): create a ScanJob with at least {least}, or "
            "without any, name another queue in queueRef, or have the limit lowered"
        )
    return ""
