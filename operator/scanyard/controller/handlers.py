"""What a watch event does: it updates the mirror and marks what it touches; it writes nothing."""

from __future__ import annotations

from typing import Any

from scanyard import metrics
from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.mirror import key_of
from scanyard.controller.placement import Standing
from scanyard.controller.window_changes import window_changed
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pod import PodState, is_attempt
from scanyard.lifecycle.queue import Queue


def on_scanjob(context: Context, kind: str | None, raw: Any) -> None:
    """A ScanJob was seen, changed or deleted."""
    metrics.LAST_EVENT.labels(names.SCANJOB_PLURAL).set(context.now().timestamp())
    jobs = context.mirror.jobs
    if kind == "DELETED":
        job = jobs.remove(raw)
        if job is not None:
            context.memories.lost(job)
        context.dirty.add(raw["metadata"]["uid"])
    elif jobs.put(raw) is not None:
        context.dirty.add(raw["metadata"]["uid"])


def on_scanqueue(context: Context, kind: str | None, raw: Any) -> None:
    """A ScanQueue was seen, changed or deleted: its ScanJobs may be judged differently now."""
    metrics.LAST_EVENT.labels(names.SCANQUEUE_PLURAL).set(context.now().timestamp())
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
    # Its limits may be other ones, or it is not held any more.
    context.budgets.heat(set(context.placement.parked_lists()))
    if _default_ttl(before) != _default_ttl(after):
        for job_uid in context.mirror.jobs.uids():
            job = context.mirror.jobs.get(job_uid)
            if job is not None and job.queue_key == queue_key:
                context.set_expiry(job)
    if before is None or after is None or _judged(before) != _judged(after):
        # What runs first: an emergency stop must not queue behind thousands that wait.
        for uid, standing in sorted(context.placement.items(), key=_waits):
            if standing.place.queue == queue_key:
                context.announce.add(uid)
                context.dirty.add(uid)
    elif _windowed(before) != _windowed(after):
        window_changed(context, after)


def _waits(item: tuple[str, Standing]) -> bool:
    return not isinstance(item[1].place, Holding)


def _default_ttl(queue: Queue | None) -> int | None:
    return None if queue is None else queue.default_ttl_seconds


def _judged(queue: Queue) -> tuple[object, ...]:
    return (
        queue.held_by,
        queue.aging_seconds,
        queue.released,
        queue.scope,
        queue.allowed_scanners,
        queue.max_addresses,
        queue.max_timeout_seconds,
        queue.packets_per_second,
        queue.unstated_packets,
    )


def _windowed(queue: Queue) -> tuple[object, ...]:
    return queue.closed_by_window, queue.draining


def on_pod(context: Context, kind: str | None, raw: Any) -> None:
    """A Pod of an attempt was seen, changed or deleted."""
    metrics.LAST_EVENT.labels("pods").set(context.now().timestamp())
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
