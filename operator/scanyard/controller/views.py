"""The view that a decision gets: one ScanJob out of the mirror, the memory and the clock."""

from __future__ import annotations

from scanyard.controller.context import Context
from scanyard.controller.stray_slots import gone_slot, running_pods
from scanyard.lifecycle.decision import AttemptView, View
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import Attempt


def view_of(context: Context, job: Job) -> View:
    """Everything that `decide` may look at."""
    queue = context.mirror.queues.named(job.queue_key)
    attempt = job.status.open_attempt
    return View(
        job=job,
        queue=queue,
        attempt=AttemptView() if attempt is None else _attempt_view(context, job, attempt),
        now=context.now(),
        refusal=context.refusal_of(job) if _is_waiting(job) else "",
        announce=job.uid in context.announce,
        refused_until=context.refused.until(job.uid),
        over_limit=attempt is not None and _over_limit(context, attempt),
        stray=_strays(context, job, attempt),
        stray_gone=gone_slot(context, job.uid) if attempt is None else None,
        lost_nodes=frozenset(context.lost_nodes),
        waiting_reason=_waiting_reason(context, job, queue),
    )


def _is_waiting(job: Job) -> bool:
    return job.status.open_attempt is None and (not job.status.finished or job.rerun_wanted)


def _strays(context: Context, job: Job, attempt: Attempt | None) -> tuple[PodState, ...]:
    open_number = attempt.number if attempt is not None else None
    return tuple(pod for pod in running_pods(context, job.uid) if pod.attempt != open_number)


def _attempt_view(context: Context, job: Job, attempt: Attempt) -> AttemptView:
    memory = context.memories.of(job.uid, attempt.number)
    return AttemptView(
        pod=context.mirror.pod_of(job.uid, attempt.number),
        existed=memory.existed,
        create_uncertain=memory.unanswered is not None or attempt.fence != context.fence,
        gone_at=memory.gone_at,
        last_pod=memory.last_pod,
        node_ready=memory.node_ready,
        queue_read=memory.queue_read,
        grace_seconds=context.settings.scan_grace_seconds,
    )


def _over_limit(context: Context, attempt: Attempt) -> bool:
    """The leader's own count against the limit of the admitting queue, before any Pod.

    A queue that is held, closed or gone lets nothing start, whatever was admitted before.
    """
    queue = context.mirror.queues.named(attempt.queue)
    if queue is None or not queue.admits_at(context.now()):
        return True
    return context.placement.held(attempt.queue) > queue.max_concurrent


def _waiting_reason(context: Context, job: Job, queue: Queue | None) -> tuple[str, str]:
    if queue is None:
        return "QueueNotFound", (
            f"there is no ScanQueue {job.queue_name} in namespace {job.namespace}; create it and "
            "this ScanJob will run"
        )
    if (closed := queue.closed_by_window) is not None:
        return closed
    if queue.held:
        return "QueueHeld", f"queue {queue.name} is held by {queue.held_by[1]}"
    held = context.placement.held(queue.key)
    if held >= queue.max_concurrent:
        return "QueueFull", (
            f"queue {queue.name} runs {held} of at most {queue.max_concurrent}; "
            f"{context.placement.waiting(queue.key)} wait"
        )
    limit = context.settings.max_concurrent_scans
    if limit and context.placement.held_in_all() >= limit:
        return "InstallationFull", f"all {limit} scans of this installation are running"
    return "BehindOthers", f"in queue {queue.name}, behind others"
