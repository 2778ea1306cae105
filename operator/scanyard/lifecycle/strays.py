"""Pods that may scan though their attempt is closed: a create that arrived late, after a refusal.

They are ended. Until they have stopped no attempt of their ScanJob begins, and one of them holds a
slot of the queue that it came from.
"""

from __future__ import annotations

from dataclasses import replace

from scanyard.lifecycle import conditions
from scanyard.lifecycle.attempt import NODE_LOOK
from scanyard.lifecycle.decision import (
    EARLIER_POD,
    Decision,
    Holding,
    View,
    Waiting,
    is_released,
)
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.slots import cut_off_end, deletion_due


def with_strays(view: View, decision: Decision) -> Decision:
    """The decision, put off until the ScanJob's other Pods have stopped."""
    live = [pod for pod in view.stray if not _given_up(view, pod)]
    gone = [view.stray_gone] if view.stray_gone is not None else []
    if not live and not gone:
        return decision
    first = live[0] if live else gone[0][0]
    status, place = decision.status, decision.place
    if isinstance(place, Waiting):
        status = conditions.in_progress(
            view.job,
            status,
            view.now,
            phase="Queued",
            reason=EARLIER_POD,
            message=f"waits until Pod {first.name} of an earlier attempt has stopped",
        )
    if not isinstance(place, Holding):
        place = Holding(first.queue, first.attempt)
    overdue = [pod.node_name for pod in live if _overdue(view, pod)]
    times = [time for pod in live if (time := deletion_due(pod)) is not None and time > view.now]
    times.extend(until for _, until in gone)
    if overdue:
        times.append(view.now + NODE_LOOK)
    if decision.look_again_at is not None:
        times.append(decision.look_again_at)
    return replace(
        decision,
        status=status,
        place=place,
        create=None,
        delete_stray=tuple(pod for pod in live if not pod.deleting),
        check_node=decision.check_node or (overdue[0] if overdue else ""),
        look_again_at=min(times, default=None),
    )


def _given_up(view: View, pod: PodState) -> bool:
    """On a lost node: past its deadline, or released by force."""
    if not _overdue(view, pod) or pod.node_name not in view.lost_nodes:
        return False
    return cut_off_end(pod, view.now) <= view.now or is_released(view, pod.attempt)


def _overdue(view: View, pod: PodState) -> bool:
    due = deletion_due(pod)
    return due is not None and due <= view.now
