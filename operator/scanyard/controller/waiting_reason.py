"""Why a ScanJob waits that nothing of its own keeps back: its queue, what is short, or others."""

from __future__ import annotations

from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Parked
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue

Words = tuple[str, str]


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
        or _full(context, queue)
        or ("BehindOthers", f"in queue {queue.name}, behind others")
    )


def _closed(queue: Queue) -> Words | None:
    if queue.held and queue.closed_by_window is None:
        return "QueueHeld", f"queue {queue.name} is held by {queue.held_by[1]}"
    return queue.closed_by_window


def _kept_aside(context: Context, job: Job, queue: Queue) -> Words | None:
    """What is short for a ScanJob that was parked for it."""
    standing = context.placement.get(job.uid)
    if standing is None or not isinstance(standing.place, Parked):
        return None
    short = context.budgets.shortage(job, queue)
    return None if short is None else (short.reason, short.message)


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
