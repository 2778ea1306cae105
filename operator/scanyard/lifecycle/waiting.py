"""A ScanJob without an attempt: in its queue, parked, suspended, or cancelled before it began."""

from __future__ import annotations

from dataclasses import replace

from scanyard.lifecycle import conditions
from scanyard.lifecycle.closing import cancelled
from scanyard.lifecycle.decision import (
    EARLIER_POD,
    Decision,
    Parked,
    Place,
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
        return Decision(cancelled(job, status, now, "cancelled before it started"), None)
    if wish is Wish.SUSPEND:
        if status.phase == "Suspended" and status.observed_generation == job.generation:
            return Decision(status, None)
        return Decision(conditions.suspended(job, status, now), None)
    resumed = status.phase == "Suspended"
    if resumed:
        status = replace(status, queued_at=now)
    if view.refusal:
        return _out_of_scope(view, status)
    place: Place = Waiting(job.queue_key)
    for until in (status.retry_at, view.refused_until):
        if until is not None and until > now:
            return Decision(status, Parked(job.queue_key, "retry", until), look_again_at=until)
    changed_by_user = resumed or status is not job.status
    if changed_by_user or view.announce or _stale_announcement(job, view.queue):
        status = _announced(view, status)
    return Decision(status, place)


def _stale_announcement(job: Job, queue: Queue | None) -> bool:
    """A queue that came, an earlier Pod that stopped: it must not go on saying that it waits so."""
    told = job.status.condition("Reconciling")
    outdated = {"QueueNotFound", EARLIER_POD}
    return queue is not None and told is not None and told.reason in outdated


def _announced(view: View, status: JobStatus) -> JobStatus:
    reason, message = view.waiting_reason
    return conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason=reason, message=message
    )


def _out_of_scope(view: View, status: JobStatus) -> Decision:
    told = conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason="OutOfScope", message=view.refusal
    )
    return Decision(told, Parked(view.job.queue_key, "scope"))
