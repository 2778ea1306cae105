"""The mirror against consistent lists: objects deleted while a watch was down give no event."""

from __future__ import annotations

import asyncio

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.handlers import (
    namespace_changed,
    on_namespace,
    on_pod,
    on_scanjob,
    on_scanqueue,
    queue_rules_changed,
)
from scanyard.kube.client import Json, KubeClient
from scanyard.kube.listing import list_in
from scanyard.kube.resources import NAMESPACES, PODS, SCANJOBS, SCANQUEUES
from scanyard.settings import EVERYWHERE, Scope

_OURS = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"


async def refresh_mirror(context: Context) -> None:
    """List everything consistently; what is gone is forgotten, what is news is looked at."""
    kube, scope, mirror = context.kube, context.settings.scope, context.mirror
    namespaces, queues, jobs, pods = await asyncio.gather(
        _namespaces(kube, scope),
        list_in(kube, scope, SCANQUEUES),
        list_in(kube, scope, SCANJOBS),
        list_in(kube, scope, PODS, labels=_OURS),
    )
    # In this order: what comes first decides how the next is judged.
    for raw in namespaces[0]:
        on_namespace(context, None, raw)
    for gone_namespace in mirror.namespaces.forget_unlisted(*namespaces):
        namespace_changed(context, gone_namespace, None)
    for raw in queues[0]:
        on_scanqueue(context, None, raw)
    for raw in jobs[0]:
        on_scanjob(context, None, raw)
    for raw in pods[0]:
        on_pod(context, None, raw)
    for gone_queue in mirror.queues.forget_unlisted(*queues):
        queue_rules_changed(context, gone_queue.key, gone_queue, None)
    for gone_job in mirror.jobs.forget_unlisted(*jobs):
        context.memories.lost(gone_job)
        context.dirty.add(gone_job.uid)
    for gone_pod in mirror.pods.forget_unlisted(*pods):
        context.dirty.add(gone_pod.job_uid)
    context.listed.set()


async def _namespaces(kube: KubeClient, scope: Scope) -> tuple[list[Json], int]:
    """With their labels; none where there is no right to see any but the installation's own."""
    return await kube.list_all(NAMESPACES) if scope == EVERYWHERE else ([], 0)
