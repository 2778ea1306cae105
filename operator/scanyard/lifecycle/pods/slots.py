"""When a slot is free: when the scan has stopped, not when the API object looks finished."""

from __future__ import annotations

from datetime import datetime, timedelta

from scanyard.lifecycle.pods.pod import PodState

#: Clock and watch slack after a deletion that a living kubelet has carried out.
_DELETION_SLACK = timedelta(seconds=10)
#: A cut-off kubelet still enforces activeDeadlineSeconds; this is its slack.
_DEADLINE_SLACK = timedelta(seconds=60)


def scan_stopped(pod: PodState) -> bool:
    """Whether this Pod's scanner surely runs no more, or never ran and never will.

    True when the kubelet reported the container as terminated, or the Pod as Failed with no
    container that runs: it rejected the Pod before any container started, or evicted it and has
    removed the container, and writes Failed only once nothing of the Pod can run any more. A
    Failed that the garbage collector of the control plane wrote proves nothing about the node.
    """
    if pod.termination is not None:
        return True
    return pod.phase == "Failed" and pod.running_since is None and not pod.failed_by_control_plane


def deletion_due(pod: PodState) -> datetime | None:
    """When a living kubelet has surely carried out the Pod's deletion; None: it is not deleted."""
    # The API server has added the grace period to deletionTimestamp already.
    return None if pod.deletion_at is None else pod.deletion_at + _DELETION_SLACK


def overdue_at(pod: PodState) -> datetime | None:
    """When its kubelet, even one that is cut off, has ended the scan; None: it has not begun it.

    If nothing is told of the end by then, the kubelet is not heard.
    """
    start = _started_by(pod)
    if start is None or pod.deadline_seconds is None:
        return None
    seconds = pod.deadline_seconds + pod.grace_seconds
    return start + timedelta(seconds=seconds) + _DEADLINE_SLACK


def cut_off_end(pod: PodState, now: datetime) -> datetime:
    """When the slot of a Pod counts as free that is still there and whose kubelet is cut off."""
    return unconfirmed_end(pod, pod.deletion_at or now, node_ready=False, timeout_seconds=0)


def unconfirmed_end(
    last: PodState | None,
    gone_at: datetime,
    *,
    node_ready: bool,
    timeout_seconds: int,
    grace_seconds: int = 60,
) -> datetime:
    """When the slot of a Pod that vanished unread counts as free.

    `gone_at` is when the deletion became known; `timeout_seconds` and `grace_seconds` stand in
    where the Pod was never seen.
    """
    if last is not None and not last.node_name:
        return gone_at
    grace = timedelta(seconds=last.grace_seconds if last is not None else grace_seconds)
    if node_ready:
        deleted_at = last.deletion_at if last is not None else None
        return max(deleted_at or gone_at, gone_at) + grace + _DELETION_SLACK
    start = (_started_by(last) if last is not None else None) or gone_at
    seconds = (last.deadline_seconds if last is not None else None) or timeout_seconds
    return start + timedelta(seconds=seconds) + grace + _DEADLINE_SLACK


def _started_by(pod: PodState) -> datetime | None:
    """When its kubelet began to count at the latest; not before it had the Pod, whatever it says.

    A node whose clock is behind counts as long as any other.
    """
    if pod.start_time is None:
        return None
    return max(pod.start_time, pod.bound_at or pod.created or pod.start_time)
