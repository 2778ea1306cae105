"""An attempt whose container has not started: what keeps it, and for how long that is borne.

Giving up takes two looks: the Pod is deleted first, and the attempt ends when its slot is free.
Why it was given up stands in the attempt meanwhile, so that it survives the operator.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scanyard.lifecycle import conditions
from scanyard.lifecycle.decision import Decision, View, held
from scanyard.lifecycle.outcome import IMAGE_MEND, IMAGE_REASONS, End, Outcome
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.retry import Cause
from scanyard.lifecycle.status import Attempt

#: The reason of one that waited for a node as long as it may, in a queue with a limit per node. It
#: is no failure: it waits in its queue again, and those that are more urgent have their turn.
NO_NODE_FREE = "NoNodeFree"
_UNSCHEDULABLE = "Unschedulable"
#: Reasons for which an attempt is given up before its container has started.
_GIVEN_UP = {"ImagePull": Cause.IMAGE_PULL, "StartDeadline": Cause.START_DEADLINE}


def start_trouble(pod: PodState) -> tuple[str, str] | None:
    """Why the container does not start, where that wants somebody's attention."""
    if pod.unschedulable:
        mend = (
            "free or add a node, or change what the queue's podTemplate or the chart's "
            "scanner.resources ask of one"
        )
        return _UNSCHEDULABLE, f"no node takes its Pod: {pod.unschedulable}; {mend}"
    if pod.waiting_reason in IMAGE_REASONS:
        text = pod.waiting_message or pod.waiting_reason
        return "ImagePull", f"the node cannot get the scanner image: {text}; {IMAGE_MEND}"
    if pod.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
        return pod.waiting_reason, pod.waiting_message or "the container cannot start"
    return None


def start_deadline(view: View, attempt: Attempt, pod: PodState) -> datetime:
    """By when the container must have started.

    A Pod that was created late, or given a node late, has its full time: a scan that waited for a
    node for most of it would fail for the time its node needs to start any container.
    """
    times = (attempt.admitted_at, pod.created, pod.bound_at)
    begun = [time for time in times if time is not None]
    return max(begun, default=view.now) + timedelta(seconds=view.job.start_deadline_seconds)


def give_up(view: View, attempt: Attempt, pod: PodState) -> Decision:
    """Stop the Pod; its slot stays held until it has surely ended."""
    seconds = view.job.start_deadline_seconds
    trouble, why = start_trouble(pod) or ("", "")
    reason = trouble if trouble in _GIVEN_UP else "StartDeadline"
    message = f"its container did not start within startDeadlineSeconds ({seconds} s)"
    if trouble == _UNSCHEDULABLE and view.queue is not None and view.queue.max_concurrent_per_node:
        reason = NO_NODE_FREE
        message = f"{message} and waits in its queue again"
    message = (f"{message}: {why}" if why else message)[:1024]
    status = view.job.status.with_attempt(replace(attempt, reason=reason, message=message))
    status = conditions.in_progress(
        view.job, status, view.now, phase="Starting", reason=reason, message=message
    )
    return Decision(status, held(attempt), delete=pod)


def is_given_up(attempt: Attempt) -> bool:
    """Whether its Pod is no longer wanted since it did not start; it may be gone by now."""
    return attempt.reason in _GIVEN_UP or attempt.reason == NO_NODE_FREE


def started_after_all(attempt: Attempt) -> Attempt:
    """An attempt that runs, though it may have been about to be given up."""
    return replace(attempt, reason="", message="") if is_given_up(attempt) else attempt


def outcome_if_given_up(attempt: Attempt, outcome: Outcome | None) -> Outcome | None:
    """The outcome, or why the attempt was given up where that is what ended it.

    None, as for one without a Pod, where that is no failure.
    """
    if not is_given_up(attempt):
        return outcome
    if outcome is not None and outcome.end is End.COMPLETE:
        return outcome
    if attempt.reason == NO_NODE_FREE:
        return None
    cause, report = _GIVEN_UP[attempt.reason], outcome.report if outcome is not None else None
    return Outcome(End.FAILED, attempt.reason, attempt.message, cause, report)
