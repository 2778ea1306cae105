"""What to do next about one ScanJob: a pure function from what is known to the next actions.

The shell performs the actions; each is idempotent, and after any half-done one the next event or
the sweep decides again. Admission is the one step that is not decided here (see admission.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from scanyard.lifecycle import conditions
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.outcome import IMAGE_MEND, IMAGE_REASONS, End, Outcome, outcome_of, vanished
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.slots import scan_stopped, unconfirmed_end
from scanyard.lifecycle.status import Attempt, JobStatus

#: A scan that lasts less is never shown as Starting with a cause or as Running: it saves a write.
_WORTH_SHOWING = timedelta(seconds=2)


class Wish(StrEnum):
    """What is wanted of a ScanJob now."""

    RUN = "Run"
    DRAIN = "Drain"
    SUSPEND = "Suspend"
    CANCEL = "Cancel"


_CANCELLING, _SUSPENDING, _DRAINING = "Cancelling", "Suspending", "Draining"
_STOPPED_FOR = {_CANCELLING: Wish.CANCEL, _SUSPENDING: Wish.SUSPEND, _DRAINING: Wish.DRAIN}


@dataclass(frozen=True, slots=True)
class Waiting:
    """In its queue's order."""

    queue: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Kept out of the order by a blocker; `until` None means until something changes."""

    queue: str
    blocker: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """An attempt holds a slot of the queue that admitted it."""

    queue: str
    attempt: int


Place = Waiting | Parked | Holding | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """What is known of the open attempt's Pod.

    `existed`: a Pod of this attempt was created or seen. `create_uncertain`: a create that an
    earlier process sent may still arrive. `gone_at`: a consistent read said that the Pod is not
    there, and since when. `last_pod`: as it was seen last.
    """

    pod: PodState | None = None
    existed: bool = False
    create_uncertain: bool = True
    gone_at: datetime | None = None
    last_pod: PodState | None = None
    node_ready: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """One ScanJob, its queue, its open attempt's Pod and the clock."""

    job: Job
    queue: Queue | None
    attempt: AttemptView
    now: datetime
    refusal: str = ""
    announce: bool = False
    over_limit: bool = False
    waiting_reason: tuple[str, str] = ("QueueFull", "waits for a slot of its queue")


@dataclass(frozen=True, slots=True)
class Decision:
    """The status that should stand, the place in the ledger, and the effects to make."""

    status: JobStatus
    place: Place
    create: Attempt | None = None
    tombstone: Attempt | None = None
    delete: PodState | None = None
    look_up: Attempt | None = None
    look_again_at: datetime | None = None
    ended: tuple[Attempt, Outcome] | None = None


def wish_of(job: Job, queue: Queue | None) -> Wish:
    """Cancel and deletion outrank suspend, which outranks a draining queue."""
    if job.deleting or job.cancel:
        return Wish.CANCEL
    if job.suspend:
        return Wish.SUSPEND
    if queue is not None and queue.draining:
        return Wish.DRAIN
    return Wish.RUN


def decide(view: View) -> Decision:
    """The next actions for one ScanJob."""
    job = view.job
    if job.status.open_attempt is not None:
        return _attempt_open(view, job.status.open_attempt)
    if job.status.finished and not job.rerun_wanted:
        return Decision(_observed(job), None)
    if job.rerun_wanted:
        return _waiting(view, _fresh(job, view.now))
    return _waiting(view, job.status)


def _observed(job: Job) -> JobStatus:
    if job.status.observed_generation == job.generation:
        return job.status
    return conditions.observed(job, job.status)


def _fresh(job: Job, now: datetime) -> JobStatus:
    """A rerun: as new, but attempt numbers go on, since they name Pods."""
    old = job.status
    return JobStatus(
        phase="Pending",
        conditions=old.conditions,
        queued_at=now,
        rerun_token=job.rerun_token,
        attempt_count=old.attempt_count,
        attempts=old.attempts,
    )


# --- waiting -------------------------------------------------------------------------------------


def _waiting(view: View, status: JobStatus) -> Decision:
    job, now = view.job, view.now
    wish = wish_of(job, view.queue)
    if wish is Wish.CANCEL:
        return Decision(_cancelled(job, status, now, "cancelled before it started"), None)
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
    if status.retry_at is not None and status.retry_at > now:
        place = Parked(job.queue_key, "retry", status.retry_at)
        return Decision(status, place, look_again_at=status.retry_at)
    changed_by_user = resumed or status is not job.status
    if changed_by_user or view.announce or _stale_announcement(job, view.queue):
        status = _announced(view, status)
    return Decision(status, place)


def _stale_announcement(job: Job, queue: Queue | None) -> bool:
    """A queue that came or went: its ScanJobs must not go on saying so."""
    told = job.status.condition("Reconciling")
    return queue is not None and told is not None and told.reason == "QueueNotFound"


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


def _cancelled(job: Job, status: JobStatus, now: datetime, message: str) -> JobStatus:
    if wish_of(job, None) is Wish.CANCEL:
        # Taken back meanwhile, with a new token: then that token still starts a rerun.
        status = replace(status, rerun_token=job.rerun_token)
    status = replace(status, retry_at=None)
    return conditions.failed(
        job, status, now, phase="Cancelled", reason="Cancelled", message=message
    )


# --- an attempt is open --------------------------------------------------------------------------


def _attempt_open(view: View, attempt: Attempt) -> Decision:
    pod = view.attempt.pod
    if pod is None:
        return _without_pod(view, attempt)
    if pod.tombstone:
        return _closed(view, attempt, None)
    if scan_stopped(pod):
        attempt = _with_facts(attempt, pod)
        return _closed(view, attempt, outcome_of(pod, view.job.timeout_seconds))
    wish = wish_of(view.job, view.queue)
    if wish is not Wish.RUN:
        status = _stopping(view, _with_facts(attempt, pod), wish)
        return Decision(status, _held(attempt), delete=None if pod.deleting else pod)
    if pod.deleting:
        return Decision(view.job.status, _held(attempt))
    return _under_way(view, attempt, pod)


def _without_pod(view: View, attempt: Attempt) -> Decision:
    known, now = view.attempt, view.now
    if known.existed or attempt.started_at is not None:
        return _vanished(view, attempt)
    wish = wish_of(view.job, view.queue)
    if wish is Wish.RUN and not view.over_limit:
        return Decision(view.job.status, _held(attempt), create=attempt)
    if known.create_uncertain:
        # An earlier process may have sent a create that still arrives: take its name first.
        return Decision(view.job.status, _held(attempt), tombstone=attempt)
    if wish is Wish.RUN:
        message = "the queue's limit was lowered before its Pod was created"
        return _back_in_line(view, attempt, "LimitLowered", message)
    return _closed(view, replace(attempt, ended_at=now), None)


def _vanished(view: View, attempt: Attempt) -> Decision:
    known, now, job = view.attempt, view.now, view.job
    if known.gone_at is None:
        return Decision(job.status, _held(attempt), look_up=attempt)
    last = known.last_pod
    if last is not None and scan_stopped(last):
        attempt = _with_facts(attempt, last)
        return _closed(view, attempt, outcome_of(last, job.timeout_seconds))
    free_at = unconfirmed_end(
        last, known.gone_at, node_ready=known.node_ready, timeout_seconds=job.timeout_seconds
    )
    wish = wish_of(job, view.queue)
    if free_at <= now:
        return _closed(view, attempt, vanished(last, wanted_by_us=wish is not Wish.RUN))
    status = conditions.in_progress(
        job,
        job.status,
        now,
        phase=job.status.phase,
        reason="SlotHeldNodeLost",
        message="its Pod is gone without a confirmed end of the scan; the slot is held until "
        f"{free_at:%Y-%m-%dT%H:%M:%SZ}",
    )
    return Decision(status, _held(attempt), look_again_at=free_at)


def _under_way(view: View, attempt: Attempt, pod: PodState) -> Decision:
    job, now = view.job, view.now
    held = _held(attempt)
    since = pod.running_since or pod.created or now
    if now - since < _WORTH_SHOWING:
        return Decision(job.status, held, look_again_at=since + _WORTH_SHOWING)
    status = job.status.with_attempt(_with_facts(attempt, pod))
    if pod.running_since is not None:
        status = replace(status, started_at=pod.running_since)
        phase, reason = "Running", "Running"
        message = f"{job.scanner} runs on node {pod.node_name}"
    elif trouble := _start_trouble(pod):
        phase, (reason, message) = "Starting", trouble
    else:
        return Decision(job.status, held)
    status = conditions.in_progress(job, status, now, phase=phase, reason=reason, message=message)
    return Decision(status, held)


def _start_trouble(pod: PodState) -> tuple[str, str] | None:
    """Why the container does not start, where that wants somebody's attention."""
    if pod.unschedulable:
        mend = "free or add a node, or lower the scan's resources (the chart's scanner.resources)"
        return "Unschedulable", f"no node takes its Pod: {pod.unschedulable}; {mend}"
    if pod.waiting_reason in IMAGE_REASONS:
        text = pod.waiting_message or pod.waiting_reason
        return "ImagePull", f"the node cannot get the scanner image: {text}; {IMAGE_MEND}"
    if pod.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
        return pod.waiting_reason, pod.waiting_message or "the container cannot start"
    return None


def _stopping(view: View, attempt: Attempt, wish: Wish) -> JobStatus:
    job = view.job
    words = {
        Wish.CANCEL: (_CANCELLING, "cancelled; waits for the scanner to stop"),
        Wish.SUSPEND: (_SUSPENDING, "suspended; waits for the scanner to stop"),
        Wish.DRAIN: (_DRAINING, "its queue is being drained; waits for the scanner to stop"),
    }
    reason, message = words[wish]
    # Kept in the attempt: whoever changes their mind while it stops must not make it a failure.
    status = job.status.with_attempt(replace(attempt, reason=reason))
    return conditions.in_progress(
        job, status, view.now, phase=status.phase, reason=reason, message=message
    )


def _closed(view: View, attempt: Attempt, outcome: Outcome | None) -> Decision:
    """End the attempt, and the ScanJob unless it is to go on; a complete result wins."""
    job, now = view.job, view.now
    wish = _wish_at_the_end(view, attempt)
    complete = outcome is not None and outcome.end is End.COMPLETE
    reason, message = _end_words(outcome, wish, complete=complete)
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
        return Decision(_cancelled(job, status, now, message), None, ended=ended)
    if wish is Wish.SUSPEND and not job.suspend:
        return _back_in_line(view, attempt, reason, message, queued_at=now)
    if wish is Wish.SUSPEND:
        status = replace(status, progress=None, started_at=None)
        return Decision(conditions.suspended(job, status, now), None, ended=ended)
    if wish is Wish.DRAIN or outcome is None:
        return _back_in_line(view, attempt, reason, message)
    phase = "TimedOut" if outcome.end is End.TIMED_OUT else "Failed"
    status = conditions.failed(job, status, now, phase=phase, reason=reason, message=message)
    return Decision(status, None, ended=ended)


def _wish_at_the_end(view: View, attempt: Attempt) -> Wish:
    """What is wanted now, or else what the Pod was stopped for."""
    wish = wish_of(view.job, view.queue)
    pod = view.attempt.pod or view.attempt.last_pod
    if wish is Wish.RUN and pod is not None and pod.deleting:
        return _STOPPED_FOR.get(attempt.reason, wish)
    return wish


def _end_words(outcome: Outcome | None, wish: Wish, *, complete: bool) -> tuple[str, str]:
    if complete and outcome is not None:
        return outcome.reason, outcome.message
    kept = ""
    if outcome is not None and outcome.report is not None:
        kept = "; partial findings are in the summary"
    words = {
        Wish.CANCEL: ("Cancelled", f"cancelled while it ran{kept}"),
        Wish.SUSPEND: ("Suspended", f"suspended while it ran{kept}"),
        Wish.DRAIN: ("Drained", "stopped because its queue was drained; it will run again"),
    }
    if wish in words:
        return words[wish]
    if outcome is None:
        return "NotStarted", "closed before its Pod was created; it will run again"
    return outcome.reason, outcome.message


def _back_in_line(
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
    status = conditions.in_progress(
        job, status, now, phase="Queued", reason=reason, message=message
    )
    return Decision(status, Waiting(job.queue_key))


def _held(attempt: Attempt) -> Holding:
    return Holding(attempt.queue, attempt.number)


def _with_facts(attempt: Attempt, pod: PodState) -> Attempt:
    """Add what the Pod tells: node, addresses, start and end of the container."""
    end = pod.termination
    started_at = pod.running_since or (end.started_at if end is not None else None)
    return replace(
        attempt,
        node_name=pod.node_name or attempt.node_name,
        source_address=pod.pod_ip or attempt.source_address,
        started_at=started_at or attempt.started_at,
        ended_at=end.finished_at if end is not None else attempt.ended_at,
        exit_code=end.exit_code if end is not None else attempt.exit_code,
    )
