"""Pods whose ScanJob is gone: they hold their slot until they have stopped, and are deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from scanyard.controller.context import Context
from scanyard.controller.ledger_sync import sync
from scanyard.controller.orphan_slots import orphan_standing, running_pods
from scanyard.controller.pod_actions import delete_pod
from scanyard.controller.pods import tombstone_pod
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import PODS, SCANJOBS
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pod import PodState, is_attempt
from scanyard.lifecycle.slots import scan_stopped, unconfirmed_end


async def reconcile_orphan(context: Context, job_uid: str) -> None:
    """A ScanJob that the mirror does not have: end its Pods; its slot stays until they stopped."""
    await _settle_create(context, job_uid)
    pods = running_pods(context, job_uid)
    if pods and await _job_exists(context, pods[0]):
        return
    for pod in pods:
        if not pod.deleting:
            await delete_pod(context, pod)
    vanished = _vanished_until(context, job_uid)
    standing = orphan_standing(context, job_uid)
    if standing is None and vanished is not None:
        standing = context.placement.get(job_uid)
        context.dirty.add_after(job_uid, (vanished - context.now()) / timedelta(seconds=1))
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


def _vanished_until(context: Context, job_uid: str) -> datetime | None:
    """Until when the slot of a Pod that went away unread is held (rule 5 of the design)."""
    memory = context.memories.known(job_uid)
    standing = context.placement.get(job_uid)
    if memory is None or standing is None or not isinstance(standing.place, Holding):
        return None
    last = memory.last_pod
    if last is None or scan_stopped(last) or context.mirror.pods.get(last.uid) is not None:
        return None
    memory.gone_at = memory.gone_at or context.now()
    until = unconfirmed_end(last, memory.gone_at, node_ready=True, timeout_seconds=0)
    return until if until > context.now() else None
