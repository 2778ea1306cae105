"""What this leader knows of Pods without an open attempt, and which slot they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pods.held_slot import HeldSlot, of_vanished_attempt, of_vanished_pod
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import scan_stopped
from scanyard.lifecycle.pods.strays import Strays, end_strays


def orphan_standings(context: Context) -> Iterator[tuple[str, Standing]]:
    """The slots of Pods whose ScanJob is gone, there or vanished, by its uid."""
    jobs, pods = context.mirror.jobs, context.mirror.pods
    found = (pods.get(uid) for uid in pods.uids())
    uids = {pod.job_uid for pod in found if pod is not None} | context.held_slots.uids()
    uids.update(uid for uid, _ in context.placement.holders())
    if not context.placement.built:
        uids.update(context.memories.uids())
    for uid in sorted(uid for uid in uids if jobs.get(uid) is None):
        standing = orphan_standing(context, uid)
        if standing is not None:
            yield uid, standing


def orphan_standing(context: Context, job_uid: str) -> Standing | None:
    """The slot of a gone ScanJob's Pod that may still scan."""
    strays = orphan_strays(context, job_uid)
    slot = end_strays(strays).slot
    if slot is None:
        return None
    key = strays.pods[0].job_key if strays.pods else ""
    if not key and strays.gone is not None:
        return Standing(strays.gone.member, slot)
    return Standing(f"{key}/{job_uid}", slot)


def orphan_strays(context: Context, job_uid: str) -> Strays:
    """All Pods of a ScanJob that is gone."""
    pods, gone = running_pods(context, job_uid), gone_slot(context, job_uid)
    released = released_by(context, pods, gone)
    return Strays(tuple(pods), gone, context.now(), frozenset(context.lost_nodes), released)


def released_by(
    context: Context, pods: Sequence[PodState], gone: HeldSlot | None
) -> frozenset[str]:
    """The attempts that the queues of these Pods, and of that slot, release by force."""
    queues = {pod.queue for pod in pods} | ({gone.queue} if gone is not None else set())
    found = (context.mirror.queues.named(key) for key in queues)
    return frozenset[str]().union(*(queue.released for queue in found if queue is not None))


def running_pods(context: Context, job_uid: str) -> list[PodState]:
    """The Pods of a ScanJob whose scan has not surely stopped."""
    pods = context.mirror.pods.of_job(job_uid)
    running = (pod for pod in pods if not pod.tombstone and not scan_stopped(pod))
    return sorted(running, key=lambda pod: (pod.attempt, pod.uid))


def gone_slot(context: Context, job_uid: str) -> HeldSlot | None:
    """The slot of a Pod that went away unread, while it counts; rule 5 of the design."""
    slot = context.held_slots.gone.get(job_uid) or unnoticed_slot(context, job_uid)
    if slot is None or slot.until <= context.now():
        return None
    queue = context.mirror.queues.named(slot.queue)
    return None if queue is not None and slot.release_entry in queue.released else slot


def unnoticed_slot(context: Context, job_uid: str) -> HeldSlot | None:
    """The slot of a Pod that went away unread, before its node was looked at: at its longest."""
    memory, told = context.memories.known(job_uid), context.held_slots.told.get(job_uid)
    if memory is not None and _may_hold(context, job_uid, memory.number):
        gone_at = memory.gone_at or context.now()
        if memory.last_pod is not None:
            return _of_pod(context, memory.last_pod, gone_at)
        if memory.deleted_job is not None:
            return of_vanished_attempt(
                *memory.deleted_job,
                gone_at,
                node_ready=False,
                grace_seconds=context.settings.scan_grace_seconds,
            )
    if told is None or (memory is not None and memory.number == told.attempt and memory.last_pod):
        return None
    # An earlier leader told of a Pod that is gone by now.
    return told if context.mirror.pod_of(job_uid, told.attempt) is None else None


def _may_hold(context: Context, job_uid: str, attempt: int) -> bool:
    """Whether the attempt held a slot when it was last asked; before that, all that is known."""
    if not context.placement.built:
        return True
    standing = context.placement.get(job_uid)
    place = standing.place if standing is not None else None
    return isinstance(place, Holding) and place.attempt == attempt


def _of_pod(context: Context, last: PodState, gone_at: datetime) -> HeldSlot | None:
    if scan_stopped(last) or not last.node_name:
        return None
    if context.mirror.pods.get(last.uid) is not None:
        return None
    return of_vanished_pod(last, gone_at, node_ready=False)
