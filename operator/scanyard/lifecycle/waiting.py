"""A ScanJob without an attempt: in its queue, parked, suspended, or cancelled before it began."""

from __future__ import annotations

from dataclasses import replace

from scanyard.lifecycle import conditions
from scanyard.lifecycle.blockers import first_blocker
from scanyard.lifecycle.closing import cancelled
from scanyard.lifecycle.decision import (
    EARLIER_POD,
    Decision,
    Parked,
    View,
    Waiting,
    Wish,
    wish_of,
)
from scanyard.lifecycle.dependency_failure import ended_by_dependency
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus


def waiting(view: View, status: JobStatus) -> Decision:
    """Where it waits, and whether that is worth telling."""
    job, now = view.job, view.now
    wish = wish_of(job, view.queue)
    if wish is Wish.CANCEL:
        before = "it started" if status.failures == 0 else "its next attempt"
        return Decision(cancelled(job, status, now, f"cancelled before {before}"), None)
    if wish is Wish.SUSPEND:
        if status.phase == "Suspended" and status.observed_generation == job.generation:
            return Decision(status, None)
        # Whoever resumes it has waited long enough.
        return Decision(conditions.suspended(job, replace(status, retry_at=None), now), None)
    ended = ended_by_dependency(view, status)
    if ended is not None:
        return Decision(ended, None)
    resumed = status.phase == "Suspended"
    if resumed:
        status = replace(status, queued_at=job.eligible_from(now))
    changed_by_user = resumed or status is not job.status
    blocked = first_blocker(view, status)
    if blocked is not None:
        if changed_by_user or blocked.mistake or (view.announce and blocked.message):
            status = _told(view, status, *(blocked.words or view.waiting_reason))
        place = Parked(job.queue_key, blocked.key, blocked.until)
        return Decision(status, place, look_again_at=blocked.until)
    if changed_by_user or view.announce or _stale_announcement(job, view.queue):
        status = _told(view, status, *view.waiting_reason)
    return Decision(status, Waiting(job.queue_key))


def _stale_announcement(job: Job, queue: Queue | None) -> bool:
    """A queue that came, an earlier Pod that stopped: it must not go on saying that it waits so."""
    told = job.status.condition("Reconciling")
    outdated = {"QueueNotFound", EARLIER_POD}
    return queue is not None and told is not None and told.reason in outdated


def _told(view: View, status: JobStatus, reason: str, message: str) -> JobStatus:
    if status.retry_at is not None and status.retry_at <= view.now:
        status = replace(status, retry_at=None)
    status = replace(status, queued_at=status.queued_at or view.job.eligible_later)
    return conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason=reason, message=message
    )
