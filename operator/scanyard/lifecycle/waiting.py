"""A ScanJob without an attempt: in its queue, parked, suspended, or cancelled before it began."""

from __future__ import annotations

from dataclasses import replace

from scanyard.lifecycle import conditions
from scanyard.lifecycle.blockers import first_blocker
from scanyard.lifecycle.blockers.backoff import reason_of_pause
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
from scanyard.lifecycle.dependencies.failure import ended_by_dependency
from scanyard.lifecycle.explaining.outlook import Outlook, placed
from scanyard.lifecycle.explaining.reasons import REASONS, Reason
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
            words = blocked.words or view.waiting_reason
            status = _told(view, status, *words, at_once=blocked.mistake)
        elif view.announce:
            # Why was told before; the place that it had it has no more.
            status = placed(status, Outlook())
        reason = blocked.reason or reason_of_pause(status)
        place = Parked(job.queue_key, blocked.key, blocked.until, reason)
        return Decision(status, place, look_again_at=blocked.until)
    if changed_by_user or view.announce or _stale_announcement(job, view.queue):
        status = _told(view, status, *view.waiting_reason)
    return Decision(status, Waiting(job.queue_key))


def _stale_announcement(job: Job, queue: Queue | None) -> bool:
    """A queue that came, an earlier Pod that stopped: it must not go on saying that it waits so."""
    told = job.status.condition("Reconciling")
    outdated = {"QueueNotFound", EARLIER_POD}
    return queue is not None and told is not None and told.reason in outdated


def _told(
    view: View, status: JobStatus, reason: str, message: str, *, at_once: bool = False
) -> JobStatus:
    # A word that the list lacks must not keep a scan from running; a test finds it.
    known = REASONS.get(reason) or Reason(reason, means="", mend="")
    may_wait = known.moves and view.outlook is None and not at_once
    if may_wait and _was_told(view.job, status, reason):
        return status
    if not known.in_order:
        status = placed(status, Outlook())
    elif view.outlook is not None:
        status = placed(status, view.outlook)
    if status.retry_at is not None and status.retry_at <= view.now:
        status = replace(status, retry_at=None)
    status = replace(status, queued_at=status.queued_at or view.job.eligible_later)
    return conditions.in_progress(
        view.job, status, view.now, phase="Queued", reason=reason, message=message
    )


def _was_told(job: Job, status: JobStatus, reason: str) -> bool:
    told = status.condition("Reconciling")
    return (
        told is not None
        and told.reason == reason
        and status.phase == "Queued"
        and status.observed_generation == job.generation
    )
