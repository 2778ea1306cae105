"""The end of an attempt, and of its ScanJob unless that goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scanyard.lifecycle import conditions
from scanyard.lifecycle.blockers.backoff import RETRY_BACKOFF
from scanyard.lifecycle.decision import Decision, Parked, View, Waiting, Wish, wish_of
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.outcome import End, Outcome
from scanyard.lifecycle.retry import INFRASTRUCTURE
from scanyard.lifecycle.starting import NO_NODE_FREE, outcome_if_given_up
from scanyard.lifecycle.status import Attempt, JobStatus
from scanyard.lifecycle.timestamps import format_time

#: What a Pod is being stopped for stands in its attempt: see _wish_at_the_end.
STOP_REASONS = {
    Wish.CANCEL: "Cancelling",
    Wish.SUSPEND: "Suspending",
    Wish.DRAIN: "Draining",
    Wish.EMERGENCY_STOP: "EmergencyStop",
}
_STOPPED_FOR = {reason: wish for wish, reason in STOP_REASONS.items()}


def closed(view: View, attempt: Attempt, outcome: Outcome | None) -> Decision:
    """End the attempt, and the ScanJob unless it is to go on; a complete result wins."""
    job, now = view.job, view.now
    outcome = outcome_if_given_up(attempt, outcome)
    wish = _wish_at_the_end(view, attempt)
    complete = outcome is not None and outcome.end is End.COMPLETE
    reason, message = _end_words(attempt, outcome, wish, complete=complete)
    attempt = replace(
        attempt, ended_at=attempt.ended_at or now, reason=reason, message=message[:1024]
    )
    status = replace(job.status.with_attempt(attempt), retry_at=None, refusals=0)
    if attempt.started_at is not None:
        status = replace(status, started_at=attempt.started_at)
    if outcome is not None and outcome.report is not None:
        status = replace(status, summary=outcome.summary, progress=outcome.report.progress)
    ended = (attempt, outcome) if outcome is not None else None
    if outcome is not None and complete:
        return Decision(conditions.succeeded(job, status, now, message), None, ended=ended)
    if wish is Wish.CANCEL:
        return Decision(cancelled(job, status, now, message), None, ended=ended)
    if wish is Wish.SUSPEND and job.suspend:
        status = replace(status, progress=None, started_at=None)
        return Decision(conditions.suspended(job, status, now), None, ended=ended)
    if outcome is None or wish is not Wish.RUN:
        back = back_in_line(
            view, attempt, reason, message, queued_at=now if wish is Wish.SUSPEND else None
        )
        return replace(back, ended=ended)
    return _failed(view, status, attempt, outcome)


def _failed(view: View, status: JobStatus, attempt: Attempt, outcome: Outcome) -> Decision:
    """The attempt failed by itself: it counts, and is tried again or was the last."""
    job, now, most = view.job, view.now, view.job.retry.max_attempts
    ended, count = (attempt, outcome), status.failures + 1
    status = replace(status, failures=count)
    if job.retry.tries_again(outcome.cause, count):
        at = job.retry.retry_at(now, failures=count, attempt_key=f"{job.uid}/{attempt.number}")
        status = replace(status, retry_at=at, started_at=None, progress=None)
        message = (
            f"attempt {count} of {most} failed ({_cause_words(outcome)}), the next may start at "
            f"{format_time(at)}: {outcome.message}"
        )
        status = conditions.in_progress(
            job, status, now, phase="Queued", reason=RETRY_BACKOFF, message=message
        )
        place = Parked(job.queue_key, "retry", at, RETRY_BACKOFF)
        return Decision(status, place, look_again_at=at, ended=ended, retried=True)
    # First, since what is too long is cut at the end.
    message = f"attempt {count} of {most}: {outcome.message}" if count > 1 else outcome.message
    if outcome.cause in INFRASTRUCTURE:
        message += "; set a new rerunToken to scan again"
    phase = "TimedOut" if outcome.end is End.TIMED_OUT else "Failed"
    status = conditions.failed(
        job, status, now, phase=phase, reason=outcome.reason, message=message
    )
    return Decision(status, None, ended=ended)


def _cause_words(outcome: Outcome) -> str:
    if outcome.reason == outcome.cause:
        return outcome.reason
    return f"{outcome.reason}, cause {outcome.cause}"


def _wish_at_the_end(view: View, attempt: Attempt) -> Wish:
    """What is wanted now, or else what the Pod was stopped for."""
    wish = wish_of(view.job, view.queue)
    pod = view.attempt.pod
    if wish is not Wish.RUN or not (pod is None or pod.deleting):
        return wish
    lifted_at = view.queue.stop_lifted_at if view.queue is not None else None
    if (
        lifted_at is not None
        and attempt.admitted_at is not None
        and attempt.admitted_at < lifted_at
    ):
        # Nothing is admitted while a stop is in force, so this attempt is one that it ended, at a
        # time when no operator was there to see it.
        return Wish.EMERGENCY_STOP
    return _STOPPED_FOR.get(attempt.reason, wish)


def _end_words(
    attempt: Attempt, outcome: Outcome | None, wish: Wish, *, complete: bool
) -> tuple[str, str]:
    if complete and outcome is not None:
        return outcome.reason, outcome.message
    kept = ""
    if outcome is not None and outcome.report is not None:
        kept = "; partial findings are in the summary"
    words = {
        Wish.CANCEL: ("Cancelled", f"cancelled while it ran{kept}"),
        Wish.SUSPEND: ("Suspended", f"suspended while it ran{kept}"),
        Wish.DRAIN: (
            "Drained",
            "stopped because its queue was drained or closed; it will run again",
        ),
        Wish.EMERGENCY_STOP: (
            "EmergencyStop",
            "ended by the emergency stop; it will run again once that is lifted",
        ),
    }
    if wish in words:
        return words[wish]
    if outcome is None:
        if attempt.reason == NO_NODE_FREE:
            return attempt.reason, attempt.message
        return "NotStarted", "closed before its Pod was created; it will run again"
    return outcome.reason, outcome.message


def back_in_line(
    view: View, attempt: Attempt, reason: str, message: str, queued_at: datetime | None = None
) -> Decision:
    """Give the slot back and wait again, at the old place unless `queued_at` says otherwise."""
    job, now = view.job, view.now
    attempt = replace(attempt, ended_at=attempt.ended_at or now, reason=reason, message=message)
    status = replace(
        job.status.with_attempt(attempt),
        queued_at=queued_at or job.status.queued_at,
        started_at=None,
        progress=None,
    )
    why, words = view.waiting_reason
    text = f"{words}; its attempt {attempt.number}: {message}"
    status = conditions.in_progress(job, status, now, phase="Queued", reason=why, message=text)
    return Decision(status, Waiting(job.queue_key))


def cancelled(job: Job, status: JobStatus, now: datetime, message: str) -> JobStatus:
    """Cancelled, by its spec or with its Pod."""
    if wish_of(job, None) is Wish.CANCEL:
        # Taken back meanwhile, with a new token: then that token still starts a rerun.
        status = replace(status, rerun_token=job.rerun_token)
    status = replace(status, retry_at=None)
    return conditions.failed(
        job, status, now, phase="Cancelled", reason="Cancelled", message=message
    )
