"""A ScanJob with an open attempt: its Pod is made, watched, stopped, looked for, or has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scanyard.lifecycle import conditions
from scanyard.lifecycle.closing import STOP_REASONS, back_in_line, closed
from scanyard.lifecycle.decision import Decision, View, Wish, held, wish_of
from scanyard.lifecycle.outcome import outcome_of, vanished
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.slots import scan_stopped, unconfirmed_end
from scanyard.lifecycle.starting import (
    give_up,
    is_given_up,
    start_deadline,
    start_trouble,
    started_after_all,
)
from scanyard.lifecycle.status import Attempt, JobStatus

#: A scan that lasts less is never shown as Starting with a cause or as Running: it saves a write.
_WORTH_SHOWING = timedelta(seconds=2)


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
    if wish is not Wish.RUN:
        status = _stopping(view, _with_facts(attempt, pod), wish)
        return Decision(status, held(attempt), delete=None if pod.deleting else pod)
    if pod.deleting:
        return Decision(view.job.status, held(attempt))
    return _under_way(view, attempt, pod)


def _without_pod(view: View, attempt: Attempt) -> Decision:
    known, now = view.attempt, view.now
    if known.existed or attempt.started_at is not None:
        return _vanished(view, attempt)
    wanted = wish_of(view.job, view.queue) is Wish.RUN and not is_given_up(attempt)
    if wanted and not view.over_limit:
        return Decision(view.job.status, held(attempt), create=attempt)
    if known.create_uncertain:
        # An earlier process may have sent a create that still arrives: take its name first.
        return Decision(view.job.status, held(attempt), tombstone=attempt)
    if wanted:
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
    if free_at <= now:
        node = last.node_name if last is not None else attempt.node_name
        node_lost = bool(node) and not known.node_ready
        return closed(view, attempt, vanished(last, node_lost=node_lost))
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
    slot, attempt = held(attempt), _with_facts(attempt, pod)
    if pod.running_since is None and start_deadline(view, attempt, pod) <= now:
        return give_up(view, attempt, pod)
    since = pod.running_since or pod.created or now
    if now - since < _WORTH_SHOWING:
        return Decision(job.status, slot, look_again_at=since + _WORTH_SHOWING)
    if pod.running_since is not None:
        status = job.status.with_attempt(started_after_all(attempt))
        status = replace(status, started_at=pod.running_since)
        message = f"{job.scanner} runs on node {pod.node_name}"
        status = conditions.in_progress(
            job, status, now, phase="Running", reason="Running", message=message
        )
        return Decision(status, slot)
    status = job.status
    if trouble := start_trouble(pod):
        reason, message = trouble
        status = conditions.in_progress(
            job,
            status.with_attempt(attempt),
            now,
            phase="Starting",
            reason=reason,
            message=message,
        )
    return Decision(status, slot, look_again_at=start_deadline(view, attempt, pod))


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
