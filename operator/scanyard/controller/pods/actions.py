"""Deleting an attempt's Pod, and finding out for sure what became of it, and why."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanqueue
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import NODES, PODS, SCANQUEUES
from scanyard.lifecycle.pods.pod import PodState, is_attempt
from scanyard.lifecycle.status import Attempt

log = logging.getLogger(__name__)


async def delete_pod(context: Context, pod: PodState) -> None:
    """Ask for exactly this Pod's deletion, with its own grace period."""
    try:
        raw = await context.kube.delete(PODS, pod.namespace, pod.name, uid=pod.uid)
    except KubeConflictError:
        # Another uid has the name; but a webhook may answer 409, too, and the Pod is there.
        if await _is_there(context, pod):
            raise
        _forget(context, pod)
        return
    except KubeNotFoundError:
        _forget(context, pod)
        return
    if raw.get("kind") == "Pod":
        seen = context.mirror.pods.put(raw)
        if seen is not None:
            context.memories.saw(seen)
            # It may have gone at once, and before a watch began that would tell.
            context.dirty.add(pod.job_uid)


async def look_up(context: Context, namespace: str, job_uid: str, attempt: Attempt) -> None:
    """Read an attempt's Pod consistently: only this may say that it is gone."""
    memory = context.memories.of(job_uid, attempt.number)
    try:
        raw = await context.kube.get(PODS, namespace, attempt.pod_name)
    except KubeNotFoundError:
        raw = None
    last = memory.last_pod
    if raw is not None and is_attempt(raw) and (last is None or is_same(raw, last)):
        seen = context.mirror.pods.put(raw)
        if seen is not None:
            context.memories.saw(seen)
            context.dirty.add(job_uid)
        return
    if last is not None:
        context.mirror.pods.forget(last.uid)
    node = last.node_name if last is not None else attempt.node_name
    memory.gone_at = context.now()
    memory.node_ready = await is_node_ready(context, node)
    context.dirty.add(job_uid)


async def look_up_stray(context: Context, pod: PodState) -> None:
    """Read a Pod consistently whose deletion should have been done by now."""
    try:
        raw = await context.kube.get(PODS, pod.namespace, pod.name)
    except KubeNotFoundError:
        raw = None
    if raw is None or not is_same(raw, pod):
        _forget(context, pod)
        return
    seen = context.mirror.pods.put(raw)
    if seen is not None:
        context.memories.saw(seen)
        context.dirty.add(pod.job_uid)


async def check_node(context: Context, job_uid: str, node: str) -> None:
    """Read a node that has not carried out a deletion in time: is it lost?"""
    lost = not await is_node_ready(context, node)
    if lost == (node in context.lost_nodes):
        return
    (context.lost_nodes.add if lost else context.lost_nodes.discard)(node)
    context.dirty.add(job_uid)


async def read_queue(context: Context, job_uid: str, attempt: Attempt) -> None:
    """Read the queue of an attempt whose Pod somebody deleted: perhaps an emergency stop did."""
    namespace, _, name = attempt.queue.partition("/")
    try:
        on_scanqueue(context, None, await context.kube.get(SCANQUEUES, namespace, name))
    except KubeNotFoundError:
        log.debug("queue %s is gone", attempt.queue)
    context.memories.of(job_uid, attempt.number).queue_read = True
    context.dirty.add(job_uid)


async def _is_there(context: Context, pod: PodState) -> bool:
    try:
        raw = await context.kube.get(PODS, pod.namespace, pod.name)
    except KubeNotFoundError:
        return False
    return is_same(raw, pod)


def _forget(context: Context, pod: PodState) -> None:
    """The mirror is late; what has become of the scan is read on the next look."""
    context.mirror.pods.forget(pod.uid)
    context.dirty.add(pod.job_uid)


def is_same(raw: Mapping[str, Any], pod: PodState) -> bool:
    """Whether a raw Pod is the one that was seen, and not a namesake."""
    return bool(raw["metadata"]["uid"] == pod.uid)


async def is_node_ready(context: Context, node: str) -> bool:
    """Whether it surely is; without the right to read nodes nobody knows, so the slot waits."""
    if not node:
        return False
    try:
        raw = await context.kube.get(NODES, None, node)
    except KubeRefusedError:
        return False
    conditions = raw.get("status", {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
