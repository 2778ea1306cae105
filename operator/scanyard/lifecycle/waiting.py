"""A ScanJob without an attempt: in its queue, parked, suspended, or cancelled before it began."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scanyard.lifecycle import conditions
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
    resumed = status.phase == "Suspended"
    if resumed:
        status = replace(status, queued_at=now)
    if view.refusal:
        return _out_of_scope(view, status)
    until = _put_off_until(view, status)
    changed_by_user = resumed or status is not job.status
    worth_telling = view.announce or _stale_announcement(job, view.queue)
    if changed_by_user or (worth_telling and until is None):
        status = _announced(view, status)
    if until is not None:
        return Decision(status, Parked(job.queue_key, "retry", until), look_again_at=until)
    return Decision(status, Waiting(job.queue_key))


def _put_off_until(view: View, status: JobStatus) -> datetime | None:
    """The end of its back-off: after a failed attempt, a refused Pod, a refused admission."""
    times = (status.retry_at, view.refused_until)
    return next((time for time in times if time is not None and time > view.now), None)


def _stale_announcement(job: Job, queue: Queue | None) -> bool:
    """A queue that came, an earlier Pod that stopped: it must not go on saying that it waits so."""
    told = job.status.condition("Reconciling")
    outdated = {"QueueNotFound", EARLIER_POD}
    return queue is not None and told is not None and told.reason in outdated


def _announced(view: View, status: JobStatus) -> JobStatus:
    reason, message = view.waiting_reason
    if status.retry_at is not None and status.retry_at <= view.now:
        status = replace(status, retry_at=None)
    return conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason=reason, message=message
    )


def _out_of_scope(view: View, status: JobStatus) -> Decision:
    told = conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason="OutOfScope", message=view.refusal
    )
    return Decision(told, Parked(view.job.queue_key, "scope"))
