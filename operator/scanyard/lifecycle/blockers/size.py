"""ScanJobs that are larger than their queue takes."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus

REASON: Final = "ExceedsLimit"


def too_large(view: View, _status: JobStatus) -> Blocked | None:
    """Until the queue takes as much; targets never change."""
    if view.queue is None or view.queue.accepts_size(view.addresses):
        return None
    return Blocked("size", REASON, message(view.addresses, view.queue), mistake=True)


def message(addresses: int, queue: Queue) -> str:
    """What is wrong, and the way out."""
    return (
        f"its targets are {addresses} addresses, and queue {queue.name} takes at most "
        f"{queue.max_addresses} in one ScanJob; split them into several ScanJobs, or raise the "
        "queue's limits.maxAddresses"
    )
