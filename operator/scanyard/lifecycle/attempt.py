"""A ScanJob with an open attempt: its Pod is made, watched, stopped, looked for, or has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scanyard.lifecycle import conditions
from scanyard.lifecycle.closing import STOP_REASONS, back_in_line, closed
from scanyard.lifecycle.decision import Decision, View, Wish, held, wish_of
from scanyard.lifecycle.outcome import IMAGE_MEND, IMAGE_REASONS, outcome_of, vanished
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.slots import scan_stopped, unconfirmed_end
from scanyard.lifecycle.status import Attempt, JobStatus

#: A scan that lasts less is never shown as Starting with a cause or as Running: it saves a write.
_WORTH_SHOWING = timedelta(seconds=2)
#: A deletion's event comes soon after its time, or never, when a watch began after it was done.
_EVENT_SLACK, _LOOK_UP_AGAIN = timedelta(seconds=2), timedelta(seconds=10)


def attempt_open(view: View, attempt: Attempt) -> Decision:
    """What the Pod, or its absence, asks for."""
    pod = view.attempt.pod
    if pod is None:
        return _without_pod(view, attempt)
    if pod.tombstone:
        return closed(view, attempt, None)
    if scan_stopped(pod):
        attempt = _with_facts(attempt, pod)
        return closed(view, attempt, outcome_of(pod, view.job.timeout_seconds))
    wish = wish_of(view.job, view.queue)
    status = view.job.status
    if wish is not Wish.RUN:
        status = _stopping(view, _with_facts(attempt, pod), wish)
    if pod.deletion_at is not None:
        return _going(view, attempt, status, pod.deletion_at)
    if wish is not Wish.RUN:
        return Decision(status, held(attempt), delete=pod)
    return _under_way(view, attempt, pod)


def _going(view: View, attempt: Attempt, status: JobStatus, deletion_at: datetime) -> Decision:
    """A Pod that is being deleted: its end is told by an event, unless that was lost."""
    late_at = deletion_at + _EVENT_SLACK
    if view.now < late_at:
        return Decision(status, held(attempt), look_again_at=late_at)
    again_at = view.now + _LOOK_UP_AGAIN
    return Decision(status, held(attempt), look_up=attempt, look_again_at=again_at)


def _without_pod(view: View, attempt: Attempt) -> Decision:
    known, now = view.attempt, view.now
    if known.existed or attempt.started_at is not None:
        return _vanished(view, attempt)
    wish = wish_of(view.job, view.queue)
    if wish is Wish.RUN and not view.over_limit:
        return Decision(view.job.status, held(attempt), create=attempt)
    if known.create_uncertain:
        # An earlier process may have sent a create that still arrives: take its name first.
        return Decision(view.job.status, held(attempt), tombstone=attempt)
    if wish is Wish.RUN:
        message = "the queue's limit was lowered before its Pod was created"
        return back_in_line(view, attempt, "LimitLowered", message)
    return closed(view, replace(attempt, ended_at=now), None)


def _vanished(view: View, attempt: Attempt) -> Decision:
    known, now, job = view.attempt, view.now, view.job
    if known.gone_at is None:
        return Decision(job.status, held(attempt), look_up=attempt)
    last = known.last_pod
    if last is not None and scan_stopped(last):
        attempt = _with_facts(attempt, last)
        return closed(view, attempt, outcome_of(last, job.timeout_seconds))
    free_at = unconfirmed_end(
        last, known.gone_at, node_ready=known.node_ready, timeout_seconds=job.timeout_seconds
    )
    wish = wish_of(job, view.queue)
    if free_at <= now:
        return closed(view, attempt, vanished(last, wanted_by_us=wish is not Wish.RUN))
    status = conditions.in_progress(
        job,
        job.status,
        now,
        phase=job.status.phase,
        reason="SlotHeldNodeLost",
        message="its Pod is gone without a confirmed end of the scan; the slot is held until "
        f"{free_at:%Y-%m-%dT%H:%M:%SZ}",
    )
    return Decision(status, held(attempt), look_again_at=free_at)


def _under_way(view: View, attempt: Attempt, pod: PodState) -> Decision:
    job, now = view.job, view.now
    slot = held(attempt)
    since = pod.running_since or pod.created or now
    if now - since < _WORTH_SHOWING:
        return Decision(job.status, slot, look_again_at=since + _WORTH_SHOWING)
    status = job.status.with_attempt(_with_facts(attempt, pod))
    if pod.running_since is not None:
        status = replace(status, started_at=pod.running_since)
        phase, reason = "Running", "Running"
        message = f"{job.scanner} runs on node {pod.node_name}"
    elif trouble := _start_trouble(pod):
        phase, (reason, message) = "Starting", trouble
    else:
        return Decision(job.status, slot)
    status = conditions.in_progress(job, status, now, phase=phase, reason=reason, message=message)
    return Decision(status, slot)


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
        Wish.CANCEL: "cancelled; waits for the scanner to stop",
        Wish.SUSPEND: "suspended; waits for the scanner to stop",
        Wish.DRAIN: "its queue is being drained; waits for the scanner to stop",
    }
    reason, message = STOP_REASONS[wish], words[wish]
    # Kept in the attempt: whoever changes their mind while it stops must not make it a failure.
    status = job.status.with_attempt(replace(attempt, reason=reason))
    return conditions.in_progress(
        job, status, view.now, phase=status.phase, reason=reason, message=message
    )


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
