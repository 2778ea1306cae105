"""Why a ScanJob waits that nothing of its own keeps back: its queue, what is short, or others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Parked
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing import capacity
from scanyard.lifecycle.sharing.capacity import TOO_MANY_PENDING, pending_group

Words = tuple[str, str]
_BEHIND_OTHERS: Final = "BehindOthers"
_NAMESPACE_LIMIT: Final = "NamespaceLimit"


def waiting_reason(context: Context, job: Job, queue: Queue | None) -> Words:
    """Reason and message, as they are now."""
    if queue is None:
        return "QueueNotFound", (
            f"there is no ScanQueue {job.queue_name} in namespace {job.namespace}; create it and "
            "this ScanJob will run"
        )
    return (
        _closed(queue)
        or _kept_aside(context, job, queue)
        or _namespace_full(context, job, queue)
        or _full(context, queue)
        or (_BEHIND_OTHERS, f"in queue {queue.name}, behind others")
    )


def waiting_by_reason(context: Context, queue: Queue) -> Mapping[str, int]:
    """How many wait in the queue for each reason; a look at counters, however many they are.

    Who is in its order waits for what the queue, or the own namespace, has not.
    """
    placement = context.placement
    found, left = Counter(placement.kept_aside(queue.key)), placement.eligible(queue.key)
    closed = _closed(queue)
    if closed is None:
        in_order = placement.namespaces.in_order(queue.key)
        full = sum(
            in_order.get(namespace, 0)
            for namespace in placement.namespaces.held(queue.key)
            if _is_at_limit(context, namespace, queue)
        )
        found[_NAMESPACE_LIMIT] += full
        left -= full
    else:
        # They are told that it is closed before anything that is short.
        left += sum(found.pop(reason, 0) for reason in capacity.REASONS)
    words = closed or _full(context, queue)
    found[_BEHIND_OTHERS if words is None else words[0]] += left
    return {reason: count for reason, count in found.items() if count}


def _closed(queue: Queue) -> Words | None:
    if queue.held and queue.closed is None:
        return "QueueHeld", f"queue {queue.name} is held by {queue.held_by[1]}"
    return queue.closed


def _kept_aside(context: Context, job: Job, queue: Queue) -> Words | None:
    """What is short for a ScanJob that was parked for it."""
    standing = context.placement.get(job.uid)
    if standing is None or not isinstance(standing.place, Parked):
        return None
    if pending_group(standing.place.blocker):
        return TOO_MANY_PENDING, _too_many(context, job, queue)
    short = context.budgets.shortage(job, queue)
    return None if short is None else (short.reason, short.message)


def _namespace_full(context: Context, job: Job, queue: Queue) -> Words | None:
    if not _is_at_limit(context, job.namespace, queue):
        return None
    held = context.placement.namespaces.held(queue.key)[job.namespace]
    return _NAMESPACE_LIMIT, (
        f"queue {queue.name} runs {held} of at most {queue.max_concurrent_per_namespace} of "
        f"namespace {job.namespace}; those of other namespaces go past"
    )


def _is_at_limit(context: Context, namespace: str, queue: Queue) -> bool:
    limit = queue.max_concurrent_per_namespace
    held = context.placement.namespaces.held(queue.key).get(namespace, 0)
    return bool(limit) and held >= limit


def _too_many(context: Context, job: Job, queue: Queue) -> str:
    waiting = context.pending.count(queue.key, job.namespace)
    return (
        f"{waiting} ScanJobs of namespace {job.namespace} wait in queue {queue.name}, which takes "
        f"{queue.max_pending} of each namespace at once (limits.maxPending); this one enters when "
        "one of them has begun or is gone"
    )


def _full(context: Context, queue: Queue) -> Words | None:
    held = context.placement.held(queue.key)
    if held >= queue.max_concurrent:
        return "QueueFull", (
            f"queue {queue.name} runs {held} of at most {queue.max_concurrent}; "
            f"{context.placement.waiting(queue.key)} wait"
        )
    limit = context.settings.max_concurrent_scans
    if limit and context.placement.held_in_all() >= limit:
        return "InstallationFull", f"all {limit} scans of this installation are running"
    return None
