"""Pods whose ScanJob is gone: they hold their slot until they have stopped, and are deleted."""

from __future__ import annotations

from datetime import timedelta

from scanyard.controller.context import Context
from scanyard.controller.ledger_sync import sync
from scanyard.controller.orphan_slots import orphan_standing, running_pods, vanished_pod
from scanyard.controller.pod_actions import delete_pod, notice_vanished
from scanyard.controller.pods import tombstone_pod
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import PODS, SCANJOBS
from scanyard.lifecycle.pod import PodState, is_attempt


async def reconcile_orphan(context: Context, job_uid: str) -> None:
    """A ScanJob that the mirror does not have: end its Pods; its slot stays until they stopped."""
    await _settle_create(context, job_uid)
    pods = running_pods(context, job_uid)
    if pods and await _job_exists(context, pods[0]):
        return
    for pod in pods:
        if not pod.deleting:
            await delete_pod(context, pod)
    await notice_vanished(context, job_uid)
    vanished = vanished_pod(context, job_uid)
    standing = orphan_standing(context, job_uid)
    if standing is None and vanished is not None:
        standing = context.placement.get(job_uid)
        context.dirty.add_after(job_uid, (vanished[1] - context.now()) / timedelta(seconds=1))
    await sync(context, job_uid, standing)
    if standing is None and not context.mirror.pods.of_job(job_uid):
        context.forget(job_uid)


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
