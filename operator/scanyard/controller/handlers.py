"""What a watch event does: it updates the mirror and marks what it touches; it writes nothing."""

from __future__ import annotations

import logging
from typing import Any

from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.mirror import Namespace, key_of
from scanyard.controller.pods.believed import is_believed
from scanyard.controller.timing.window_changes import window_changed
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pods.pod import PodState, is_attempt
from scanyard.lifecycle.queue import Queue
from scanyard.logs import tells

log = logging.getLogger(__name__)


def on_scanjob(context: Context, kind: str | None, raw: Any) -> None:
    """A ScanJob was seen, changed or deleted."""
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
    if _retention(before) != _retention(after):
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


def _retention(queue: Queue | None) -> tuple[object, ...]:
    """For how long it keeps whose ScanJobs."""
    if queue is None or queue.default_ttl_seconds is None:
        return ()
    return queue.default_ttl_seconds, queue.allowed_namespaces


def _judged(queue: Queue) -> tuple[object, ...]:
    return (
        queue.held_by,
        queue.aging_seconds,
        queue.released,
        queue.scope,
        queue.allowed_scanners,
        queue.allowed_namespaces,
        queue.max_addresses,
        queue.min_timeout_seconds,
        queue.max_timeout_seconds,
        queue.packets_per_second,
        queue.unstated_packets,
    )


def _windowed(queue: Queue) -> tuple[object, ...]:
    return queue.closed, queue.draining


def on_namespace(context: Context, kind: str | None, raw: Any) -> None:
    """A namespace was seen, changed or deleted: queues may choose by its labels."""
    namespaces = context.mirror.namespaces
    before = namespaces.get(raw["metadata"]["uid"])
    after = namespaces.remove(raw) if kind == "DELETED" else namespaces.put(raw)
    if after is not None:
        namespace_changed(context, before, None if kind == "DELETED" else after)


def namespace_changed(context: Context, before: Namespace | None, after: Namespace | None) -> None:
    """Look at its ScanJobs in queues that take them from now on, or no more (rare)."""
    namespace = after or before
    if namespace is None or before == after:
        return
    labels = [None if version is None else version.labels for version in (before, after)]
    queues = context.mirror.queues
    found = [queue for uid in queues.uids() if (queue := queues.get(uid)) is not None]
    asking = {q.key for q in found if len({q.takes(namespace.name, item) for item in labels}) > 1}
    if not asking:
        return
    for uid in context.mirror.jobs.uids():
        job = context.mirror.jobs.get(uid)
        if job is not None and job.namespace == namespace.name and job.queue_key in asking:
            context.set_expiry(job)
            context.dirty.add(uid)


def on_pod(context: Context, kind: str | None, raw: Any) -> None:
    """A Pod of an attempt was seen, changed or deleted."""
    if not is_attempt(raw):
        return
    pods = context.mirror.pods
    pod: PodState | None
    if not is_believed(context, raw):
        text = "%s calls itself a scan of another namespace's queue: ignored"
        log.warning(text, key_of(raw), extra=tells(pod=raw["metadata"]["name"]))
        return
    if kind == "DELETED":
        pods.put(raw)  # the last state may be news: the scanner's end
        pod = pods.remove(raw)
    else:
        pod = pods.put(raw)
    if pod is not None:
        context.memories.saw(pod)
        context.dirty.add(pod.job_uid)
