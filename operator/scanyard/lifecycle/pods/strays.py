"""Pods that may scan though no attempt is open for them.

A create that arrived late, after a refusal; a ScanJob that was deleted while it ran. They are
ended. Until they have stopped no attempt of their ScanJob begins, and one of them holds a slot of
the queue that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scanyard.lifecycle import conditions
from scanyard.lifecycle.attempt import EVENT_SLACK, NODE_LOOK
from scanyard.lifecycle.decision import EARLIER_POD, Decision, Holding, View, Waiting
from scanyard.lifecycle.explaining.outlook import Outlook, placed
from scanyard.lifecycle.pods.held_slot import HeldSlot, of_running_pod
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import cut_off_end, deletion_due
from scanyard.lifecycle.queue import attempt_to_release


@dataclass(frozen=True, slots=True)
class Strays:
    """What is known of one ScanJob's.

    `pods` are there and may still scan; `gone` went away unread and still counts. `lost_nodes` as
    in a View; `released`: attempts ("uid/number") that the platform declares to have stopped.
    """

    pods: tuple[PodState, ...]
    gone: HeldSlot | None
    now: datetime
    lost_nodes: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ending:
    """How they are brought to their end.

    `slot` and `pod_name`: the slot that is held, and whose it is. `record`: what the queue's
    status is to tell of it. `look_up`: Pods of whose end an event should have told by now.
    """

    slot: Holding | None = None
    pod_name: str = ""
    record: HeldSlot | None = None
    delete: tuple[PodState, ...] = ()
    look_up: tuple[PodState, ...] = ()
    check_node: str = ""
    look_again_at: datetime | None = None


def end_strays(strays: Strays) -> Ending:
    """What to do about them; nothing, once none of them can still scan."""
    live = [pod for pod in strays.pods if not _given_up(strays, pod)]
    gone, now = strays.gone, strays.now
    if not live:
        if gone is None:
            return Ending()
        slot = Holding(gone.queue, gone.attempt)
        return Ending(slot, gone.pod_name, gone, look_again_at=gone.until)
    overdue = [pod.node_name for pod in live if _overdue(strays, pod)]
    times = [time for pod in live for time in _times(pod) if time > now]
    if gone is not None:
        times.append(gone.until)
    if overdue:
        times.append(now + NODE_LOOK)
    first = live[0]
    return Ending(
        slot=Holding(first.queue, first.attempt),
        pod_name=first.name,
        record=of_running_pod(first),
        delete=tuple(pod for pod in live if not pod.deleting),
        look_up=tuple(pod for pod in live if any(time <= now for time in _times(pod))),
        check_node=overdue[0] if overdue else "",
        look_again_at=min(times, default=None),
    )


def with_strays(view: View, decision: Decision) -> Decision:
    """The decision, put off until the ScanJob's other Pods have stopped."""
    ending = end_strays(
        Strays(
            view.stray,
            view.stray_gone,
            view.now,
            view.lost_nodes,
            view.stray_released,
        )
    )
    if ending.slot is None:
        return decision
    status, place = placed(decision.status, Outlook()), decision.place
    if isinstance(place, Waiting):
        status = conditions.in_progress(
            view.job,
            status,
            view.now,
            phase="Queued",
            reason=EARLIER_POD,
            message=f"waits until Pod {ending.pod_name} of an earlier attempt has stopped",
        )
    if not isinstance(place, Holding):
        place = ending.slot
    times = (ending.look_again_at, decision.look_again_at)
    return replace(
        decision,
        status=status,
        place=place,
        create=None,
        delete_stray=ending.delete,
        look_up_stray=ending.look_up,
        held_slot=ending.record if place == ending.slot else None,
        check_node=decision.check_node or ending.check_node,
        look_again_at=min((time for time in times if time is not None), default=None),
    )


def _times(pod: PodState) -> list[datetime]:
    """When its end should have been heard of, and when a living kubelet has surely ended it."""
    due = deletion_due(pod)
    if pod.deletion_at is None or due is None:
        return []
    return [pod.deletion_at + EVENT_SLACK, due]


def _given_up(strays: Strays, pod: PodState) -> bool:
    """On a lost node: past its deadline, or released by force."""
    if not _overdue(strays, pod) or pod.node_name not in strays.lost_nodes:
        return False
    if attempt_to_release(pod.job_uid, pod.attempt) in strays.released:
        return True
    return cut_off_end(pod, strays.now) <= strays.now


def _overdue(strays: Strays, pod: PodState) -> bool:
    due = deletion_due(pod)
    return due is not None and due <= strays.now
