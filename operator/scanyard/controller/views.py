"""The view that a decision gets: one ScanJob out of the mirror, the memory and the clock."""

from __future__ import annotations

from scanyard.controller.admission.waiting_reason import waiting_reason
from scanyard.controller.context import Context
from scanyard.controller.dependencies.standings import cycle_of, dependencies_of
from scanyard.controller.pods.stray_slots import gone_slot, released_by, running_pods
from scanyard.lifecycle.decision import AttemptView, View
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.held_slot import HeldSlot
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.status import Attempt


def view_of(context: Context, job: Job, *, worded: bool = True) -> View:
    """Everything that `decide` may look at.

    Not `worded`: for its place alone, without the search for a cycle that only changes the words.
    """
    queue = context.queue_of(job)
    attempt = job.status.open_attempt
    stray, stray_gone = _strays(context, job, attempt)
    waits = _is_waiting(job)
    return View(
        job=job,
        queue=queue,
        attempt=AttemptView() if attempt is None else _attempt_view(context, job, attempt),
        now=context.now(),
        refusal=context.refusal_of(job, queue) if waits else "",
        addresses=context.addresses_of(job, queue) if waits else 0,
        announce=job.uid in context.announce,
        refused_until=context.refused.until(job.uid),
        over_limit=attempt is not None and _over_limit(context, job, attempt),
        queue_closed=queue is None and _is_closed(context, job),
        stray=stray,
        stray_gone=stray_gone,
        stray_released=released_by(context, stray, stray_gone),
        lost_nodes=frozenset(context.lost_nodes),
        installation_packets=context.settings.packets_per_second,
        dependencies=dependencies_of(context.mirror.jobs, job) if waits else (),
        cycle=cycle_of(context.mirror.jobs, job) if waits and worded else (),
        outlook=context.outlooks.get(job.uid),
        question=context.asked.get(job.uid),
        waiting_reason=waiting_reason(context, job, queue),
    )


def _is_waiting(job: Job) -> bool:
    return job.status.open_attempt is None and (not job.status.finished or job.rerun_wanted)


def _is_closed(context: Context, job: Job) -> bool:
    """Whether a queue of its own namespace does not take it; of others nobody is to know."""
    return not job.queue_elsewhere and context.mirror.queues.named(job.queue_key) is not None


def _strays(
    context: Context, job: Job, attempt: Attempt | None
) -> tuple[tuple[PodState, ...], HeldSlot | None]:
    open_number = attempt.number if attempt is not None else None
    pods = tuple(pod for pod in running_pods(context, job.uid) if pod.attempt != open_number)
    return pods, gone_slot(context, job.uid) if attempt is None else None


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


def _over_limit(context: Context, job: Job, attempt: Attempt) -> bool:
    """The leader's own counts against the limits of the admitting queue, before any Pod.

    A queue that is held, closed or gone lets nothing start, whatever was admitted before.
    """
    queue = context.mirror.queues.named(attempt.queue)
    if queue is None or not queue.admits_at(context.now()):
        return True
    if context.placement.held(attempt.queue) > queue.max_concurrent:
        return True
    limit = queue.max_concurrent_per_namespace
    held = context.placement.namespaces.held(attempt.queue)
    return bool(limit) and held.get(job.namespace, 0) > limit
