"""Scanners that a queue does not take."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus

REASON: Final = "ScannerNotAllowed"


def not_allowed(view: View, _status: JobStatus) -> Blocked | None:
    """Until the queue allows it, or the ScanJob goes to another queue."""
    if view.queue is None or view.queue.accepts_scanner(view.job.scanner):
        return None
    return Blocked("scanner", REASON, message(view.job.scanner, view.queue), mistake=True)


def message(scanner: str, queue: Queue) -> str:
    """What is wrong, and the way out."""
    return (
        f"queue {queue.name} runs {' and '.join(queue.allowed_scanners)} only, not {scanner}; put "
        f"this ScanJob into another queue (queueRef), or add {scanner} to the queue's "
        "allowedScanners"
    )
