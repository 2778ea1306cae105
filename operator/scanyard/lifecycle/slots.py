"""When a slot is free: when the scan has stopped, not when the API object looks finished."""

from __future__ import annotations

from datetime import datetime, timedelta

from scanyard.lifecycle.pod import PodState

#: Clock and watch slack after a deletion that a living kubelet has carried out.
_DELETION_SLACK = timedelta(seconds=10)
#: A cut-off kubelet still enforces activeDeadlineSeconds; this is its slack.
_DEADLINE_SLACK = timedelta(seconds=60)


def scan_stopped(pod: PodState) -> bool:
    """Whether this Pod's scanner surely runs no more, or never ran and never will.

    True when the kubelet reported the container as terminated, or rejected the Pod before any
    container started. A Failed that the garbage collector of the control plane wrote proves
    nothing about the node.
    """
    if pod.termination is not None:
        return True
    return pod.phase == "Failed" and pod.running_since is None and not pod.failed_by_control_plane


def unconfirmed_end(
    last: PodState | None, gone_at: datetime, *, node_ready: bool, timeout_seconds: int
) -> datetime:
    """When the slot of a Pod that vanished unread counts as free.

    `gone_at` is when the deletion became known, which is later than it was; `timeout_seconds`
    stands in where the Pod was never seen, by this process.
    """
    if last is not None and not last.node_name:
        return gone_at
    grace = timedelta(seconds=last.grace_seconds if last is not None else 60)
    if node_ready:
        deletion_at = last.deletion_at if last is not None else None
        return max(deletion_at or gone_at, gone_at) + grace + _DELETION_SLACK
    start = (last.start_time if last is not None else None) or gone_at
    seconds = (last.deadline_seconds if last is not None else None) or timeout_seconds
    return start + timedelta(seconds=seconds) + grace + _DEADLINE_SLACK
