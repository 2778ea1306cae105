"""When a finished ScanJob is deleted, if ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.spread import fraction

#: Thousands that finished together are deleted over this part of their time, or so long at most.
_SPREAD, _LONGEST_SPREAD_SECONDS = 0.1, 60.0
#: Of "uid/ttl", so that it is another number than that of its attempts.
_SALT: Final = "ttl"


def delete_at(job: Job, queue: Queue | None) -> datetime | None:
    """From when on it may be deleted; None: it is not finished, or kept, or being deleted."""
    status = job.status
    if status.finished_at is None or not status.finished or job.rerun_wanted or job.deleting:
        return None
    if status.open_attempt is not None:
        return None
    seconds = job.ttl_seconds
    if seconds is None and queue is not None:
        seconds = queue.default_ttl_seconds
    if seconds is None:
        return None
    spread = min(seconds * _SPREAD, _LONGEST_SPREAD_SECONDS) * fraction(f"{job.uid}/{_SALT}")
    return status.finished_at + timedelta(seconds=seconds + spread)
