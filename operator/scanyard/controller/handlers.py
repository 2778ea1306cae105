"""kopf's part: watch events update the mirror and mark what they touch; they write nothing.

Only `on.event` handlers: no finalizers, timers, daemons or indexes, each of which would cost
a write per scan or time that grows with the backlog.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import kopf

from scanyard import metrics
from scanyard.api import names
from scanyard.controller.backoff import delay
from scanyard.controller.context import Context
from scanyard.controller.mirror import key_of
from scanyard.lifecycle.pod import PodState, is_attempt
from scanyard.lifecycle.queue import Queue

_GROUP, _VERSION = names.GROUP, names.VERSION


class _Backoffs:
    """Endless, capped and jittered: a watch outlives any outage of the API server."""

    def __iter__(self) -> Iterator[float]:
        for failures in itertools.count():
            yield delay(failures, first=0.2, longest=20.0)


def kopf_settings() -> kopf.OperatorSettings:
    """kopf without persistence, posting or peering, and with patience."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.networking.error_backoffs = _Backoffs()
    settings.watching.inactivity_timeout = 70.0
    settings.queueing.idle_timeout = 0.2
    # Pods of others never reach this process.
    settings.watching.label_selectors["pods"] = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
    return settings


def registry_for(context: Context) -> kopf.OperatorRegistry:
    """The event handlers of ScanJobs, ScanQueues and attempt Pods."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_via_client)

    @kopf.on.event(_GROUP, _VERSION, names.SCANJOB_PLURAL, registry=registry)
    async def scanjob_event(event: kopf.RawEvent, **_: Any) -> None:
        on_scanjob(context, event["type"], event["object"])

    @kopf.on.event(_GROUP, _VERSION, names.SCANQUEUE_PLURAL, registry=registry)
    async def scanqueue_event(event: kopf.RawEvent, **_: Any) -> None:
        on_scanqueue(context, event["type"], event["object"])

    @kopf.on.event(
        "", "v1", "pods", labels={names.LABEL_MANAGED_BY: names.MANAGED_BY}, registry=registry
    )
    async def pod_event(event: kopf.RawEvent, **_: Any) -> None:
        on_pod(context, event["type"], event["object"])

    return registry


def on_scanjob(context: Context, kind: str | None, raw: Any) -> None:
    """A ScanJob was seen, changed or deleted."""
    metrics.LAST_EVENT.labels(names.SCANJOB_PLURAL).set(time.time())
    jobs = context.mirror.jobs
    if kind == "DELETED":
        jobs.remove(raw)
        context.dirty.add(raw["metadata"]["uid"])
    elif jobs.put(raw) is not None:
        context.dirty.add(raw["metadata"]["uid"])


def on_scanqueue(context: Context, kind: str | None, raw: Any) -> None:
    """A ScanQueue was seen, changed or deleted: its ScanJobs may be judged differently now."""
    metrics.LAST_EVENT.labels(names.SCANQUEUE_PLURAL).set(time.time())
    queues = context.mirror.queues
    before = queues.get(raw["metadata"]["uid"])
    if kind == "DELETED":
        queues.remove(raw)
        after = None
    else:
        after = queues.put(raw)
        if after is None:
            return
    queue_rules_changed(context, key_of(raw), before, after)


def queue_rules_changed(
    context: Context, queue_key: str, before: Queue | None, after: Queue | None
) -> None:
    """Admit anew; look at the queue's ScanJobs only where their own fate changes (rare)."""
    if before == after:
        return
    context.queue_changed(queue_key)
    if before is None or after is None or _judged(before) != _judged(after):
        for uid, standing in context.placement.items():
            if standing.place.queue == queue_key:
                context.announce.add(uid)
                context.dirty.add(uid)


def _judged(queue: Queue) -> tuple[object, ...]:
    return queue.stop_policy, queue.aging_seconds


def on_pod(context: Context, kind: str | None, raw: Any) -> None:
    """A Pod of an attempt was seen, changed or deleted."""
    metrics.LAST_EVENT.labels("pods").set(time.time())
    if not is_attempt(raw):
        return
    pods = context.mirror.pods
    pod: PodState | None
    if kind == "DELETED":
        pods.put(raw)  # the last state may be news: the scanner's end
        pod = pods.remove(raw)
    else:
        pod = pods.put(raw)
    if pod is not None:
        context.memories.saw(pod)
        context.dirty.add(pod.job_uid)
