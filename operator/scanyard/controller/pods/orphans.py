"""Pods whose ScanJob is gone: they hold their slot until they have stopped, and are deleted."""

from __future__ import annotations

from datetime import timedelta

from scanyard.controller.admission.ledger_sync import sync
from scanyard.controller.context import Context
from scanyard.controller.pods.actions import check_node, delete_pod, look_up_stray
from scanyard.controller.pods.build import tombstone_pod
from scanyard.controller.pods.slot_records import notice_vanished, tell_slot
from scanyard.controller.pods.stray_slots import orphan_standing, orphan_strays
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import PODS, SCANJOBS
from scanyard.lifecycle.pods.pod import PodState, is_attempt
from scanyard.lifecycle.pods.strays import Ending, end_strays


async def reconcile_orphan(context: Context, job_uid: str) -> None:
    """A ScanJob that the mirror does not have: end its Pods; its slot stays until they stopped."""
    await _settle_create(context, job_uid)
    await notice_vanished(context, job_uid)
    ending = end_strays(orphan_strays(context, job_uid))
    if ending.delete and await _job_exists(context, ending.delete[0]):
        return
    await tell_slot(context, job_uid, ending.record)
    await _carry_out(context, job_uid, ending)
    standing = orphan_standing(context, job_uid)
    await sync(context, job_uid, standing)
    if standing is None:
        context.held_slots.settled(job_uid)
    if standing is None and not context.mirror.pods.of_job(job_uid):
        context.forget(job_uid)


async def _carry_out(context: Context, job_uid: str, ending: Ending) -> None:
    if ending.look_again_at is not None:
        seconds = (ending.look_again_at - context.now()) / timedelta(seconds=1)
        context.dirty.add_after(job_uid, max(seconds, 0.05))
    for pod in ending.delete:
        await delete_pod(context, pod)
    for pod in ending.look_up:
        await look_up_stray(context, pod)
    if ending.check_node:
        await check_node(context, job_uid, ending.check_node)


async def _settle_create(context: Context, job_uid: str) -> None:
    """A create without an answer may still arrive after its ScanJob is gone: take its name."""
    memory = context.memories.known(job_uid)
    if memory is None or memory.unanswered is None:
        return
    job, attempt = memory.unanswered
    try:
        raw = await context.kube.create(PODS, job.namespace, tombstone_pod(context, job, attempt))
    except KubeConflictError:
        raw = await context.kube.get(PODS, job.namespace, attempt.pod_name)
    except KubeRefusedError:
        raw = None  # the namespace is gone or refuses Pods: the late create is refused as well
    if raw is not None and is_attempt(raw):
        pod = context.mirror.pods.put(raw)
        if pod is not None:
            context.memories.saw(pod)
    memory.unanswered = None


async def _job_exists(context: Context, pod: PodState) -> bool:
    """Only a consistent read may say that the ScanJob of a Pod is gone."""
    namespace, _, name = pod.job_key.partition("/")
    try:
        raw = await context.kube.get(SCANJOBS, namespace, name)
    except KubeNotFoundError:
        return False
    if raw["metadata"]["uid"] != pod.job_uid:
        return False
    context.mirror.jobs.put(raw)
    context.dirty.add(pod.job_uid)
    return True
