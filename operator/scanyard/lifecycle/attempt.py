"""A ScanJob with an open attempt: its Pod is made, watched, stopped, looked for, or has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scanyard.lifecycle import conditions
from scanyard.lifecycle.closing import STOP_REASONS, back_in_line, closed
from scanyard.lifecycle.decision import (
    SLOT_HELD,
    Decision,
    Holding,
    View,
    Wish,
    held,
    is_released,
    wish_of,
)
from scanyard.lifecycle.outcome import End, Outcome, outcome_of, vanished
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import (
    cut_off_end,
    deletion_due,
    overdue_at,
    scan_stopped,
    unconfirmed_end,
)
from scanyard.lifecycle.starting import (
    give_up,
    is_given_up,
    start_deadline,
    start_trouble,
    started_after_all,
)
from scanyard.lifecycle.status import Attempt, JobStatus
from scanyard.lifecycle.timestamps import format_time

#: A scan that lasts less is never shown as Starting with a cause or as Running: it saves a write.
_WORTH_SHOWING = timedelta(seconds=2)
#: A node that does not carry out a deletion is looked at this often.
NODE_LOOK = timedelta(seconds=30)
#: The event of a Pod's end comes so soon after the deletion's time, or never.
EVENT_SLACK = timedelta(seconds=2)


def attempt_open(view: View, attempt: Attempt) -> Decision:
    """What the Pod, or its absence, asks for."""
    pod = view.attempt.pod
    if pod is None:
        return _without_pod(view, attempt)
    if pod.tombstone:
        return closed(view, attempt, None)
    if scan_stopped(pod):
        attempt = _with_facts(attempt, pod)
        outcome = outcome_of(pod, view.job.timeout_of(attempt))
        return _ended(view, attempt, outcome, deleted=pod.deleting)
    wish = wish_of(view.job, view.queue)
    if wish is Wish.RUN:
        return _deleting(view, attempt, pod) if pod.deleting else _under_way(view, attempt, pod)
    status = _stopping(view, _with_facts(attempt, pod), wish)
    if not pod.deleting:
        return Decision(status, held(attempt), delete=pod)
    return _deleting(view, attempt, pod, status)


def _ended(view: View, attempt: Attempt, outcome: Outcome, *, deleted: bool) -> Decision:
    """Close the attempt; a deletion of its Pod that nobody explains is explained first.

    An emergency stop is set in the queue before it deletes Pods, but its event may come later
    than theirs.
    """
    unexplained = deleted and wish_of(view.job, view.queue) is Wish.RUN
    if unexplained and outcome.end is not End.COMPLETE and not view.attempt.queue_read:
        return Decision(view.job.status, held(attempt), read_queue=attempt)
    return closed(view, attempt, outcome)


def _deleting(
    view: View, attempt: Attempt, pod: PodState, status: JobStatus | None = None
) -> Decision:
    """Its kubelet ends it; one that has not done so in time may be cut off, its scan alive."""
    status = status or view.job.status
    slot, told_by = held(attempt), (pod.deletion_at or view.now) + EVENT_SLACK
    if view.now < told_by:
        return Decision(status, slot, look_again_at=told_by)
    # Its event would have come: a watch that began after it was done tells nothing.
    due, again = deletion_due(pod) or view.now, view.now + NODE_LOOK
    if view.now < due:
        return Decision(status, slot, look_up=attempt, look_again_at=due)
    node = pod.node_name
    if node not in view.lost_nodes:
        return Decision(status, slot, look_up=attempt, check_node=node, look_again_at=again)
    free_at = cut_off_end(pod, view.now)
    if free_at <= view.now or is_released(view, attempt.number):
        outcome = vanished(pod, node_lost=True)
        return _ended(view, _with_facts(attempt, pod), outcome, deleted=True)
    cause = f"node {node} does not answer, and its scan may still run"
    status = _unconfirmed(view, status, cause, free_at)
    return Decision(
        status, slot, look_up=attempt, check_node=node, look_again_at=min(free_at, again)
    )


def _without_pod(view: View, attempt: Attempt) -> Decision:
    known, now = view.attempt, view.now
    # What an earlier process had seen of its Pod it has written there.
    if known.existed or attempt.started_at is not None or attempt.node_name:
        return _vanished(view, attempt)
    wanted = wish_of(view.job, view.queue) is Wish.RUN and not is_given_up(attempt)
    if wanted and not view.over_limit:
        return Decision(view.job.status, held(attempt), create=attempt)
    if known.create_uncertain:
        # An earlier process may have sent a create that still arrives: take its name first.
        return Decision(view.job.status, held(attempt), tombstone=attempt)
    if wanted:
        message = "its queue was held, closed, deleted or limited before its Pod was created"
        return back_in_line(view, attempt, "NotStarted", message)
    return closed(view, replace(attempt, ended_at=now), None)


def _vanished(view: View, attempt: Attempt) -> Decision:
    known, now, job = view.attempt, view.now, view.job
    if known.gone_at is None:
        return Decision(job.status, held(attempt), look_up=attempt)
    last = known.last_pod
    if last is not None and scan_stopped(last):
        attempt = _with_facts(attempt, last)
        return _ended(view, attempt, outcome_of(last, job.timeout_of(attempt)), deleted=True)
    free_at = unconfirmed_end(
        last,
        known.gone_at,
        node_ready=known.node_ready,
        timeout_seconds=job.timeout_of(attempt),
        grace_seconds=known.grace_seconds,
    )
    if free_at <= now or is_released(view, attempt.number):
        node = last.node_name if last is not None else attempt.node_name
        node_lost = bool(node) and not known.node_ready
        return _ended(view, attempt, vanished(last, node_lost=node_lost), deleted=True)
    cause = "its Pod is gone without a confirmed end of the scan"
    # Written with it: another process finds no Pod, and must not take it for one that never was.
    status = job.status if last is None else job.status.with_attempt(_with_facts(attempt, last))
    status = _unconfirmed(view, status, cause, free_at)
    return Decision(status, held(attempt), look_again_at=free_at)


def _unconfirmed(view: View, status: JobStatus, cause: str, free_at: datetime) -> JobStatus:
    job = view.job
    return conditions.in_progress(
        job,
        status,
        view.now,
        phase=status.phase,
        reason=SLOT_HELD,
        message=f"{cause}; the slot is held until {format_time(free_at)}; if you know that the "
        f"scan has stopped, `scanyard release --force {job.key}` frees it now",
    )


def _under_way(view: View, attempt: Attempt, pod: PodState) -> Decision:
    job, now = view.job, view.now
    slot, attempt = held(attempt), _with_facts(attempt, pod)
    if pod.running_since is None and start_deadline(view, attempt, pod) <= now:
        return give_up(view, attempt, pod)
    age = pod.running_for(now)
    if age is None:
        age = now - (pod.created or now)
    if age < _WORTH_SHOWING:
        return Decision(job.status, slot, look_again_at=now + _WORTH_SHOWING - age)
    if pod.running_since is not None:
        status = job.status.with_attempt(started_after_all(attempt))
        status = replace(status, started_at=pod.running_since)
        message = f"{job.scanner} runs on node {pod.node_name}"
        status = conditions.in_progress(
            job, status, now, phase="Running", reason="Running", message=message
        )
        return _running(view, status, slot, pod)
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


def _running(view: View, status: JobStatus, slot: Holding, pod: PodState) -> Decision:
    """One that runs past its deadline may be on a lost node, whose Pods nobody else need delete."""
    overdue, now, node = overdue_at(pod), view.now, pod.node_name
    if overdue is None:
        return Decision(status, slot)
    if now < overdue:
        return Decision(status, slot, look_again_at=overdue)
    if node in view.lost_nodes:
        return Decision(status, slot, delete=pod)
    return Decision(status, slot, check_node=node, look_again_at=now + NODE_LOOK)


def _stopping(view: View, attempt: Attempt, wish: Wish) -> JobStatus:
    job = view.job
    words = {
        Wish.CANCEL: "cancelled; waits for the scanner to stop",
        Wish.SUSPEND: "suspended; waits for the scanner to stop",
        Wish.DRAIN: "its queue is being drained; waits for the scanner to stop",
        Wish.EMERGENCY_STOP: "emergency stop; waits for the scanner to stop",
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
