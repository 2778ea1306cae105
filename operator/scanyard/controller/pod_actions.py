"""Deleting an attempt's Pod, and finding out for sure whether it is still there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanyard.controller.context import Context
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError
from scanyard.kube.resources import NODES, PODS
from scanyard.lifecycle.pod import PodState, is_attempt
from scanyard.lifecycle.status import Attempt


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
    memory.node_ready = await _node_ready(context, node)
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


async def _node_ready(context: Context, node: str) -> bool:
    if not node:
        return False
    try:
        raw = await context.kube.get(NODES, None, node)
    except KubeNotFoundError:
        return False
    conditions = raw.get("status", {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
