"""Whether a Pod that calls itself an attempt is believed: anybody who may create Pods may say so.

Own namespace, own queue: whoever may do that may also create ScanJobs there. A queue of another
namespace must not lose a slot to a Pod that it never admitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanyard.controller.context import Context
from scanyard.lifecycle.pods.held_slot import held_slots_of
from scanyard.lifecycle.pods.pod import PodState, read_pod


def is_believed(context: Context, raw: Mapping[str, Any]) -> bool:
    """For a Pod for which `is_attempt` is true.

    Once believed it stays so: that a queue takes back its consent ends no scan, and frees no slot.
    """
    if context.mirror.pods.get(raw["metadata"]["uid"]) is not None:
        return True
    pod = read_pod(raw)
    job = context.mirror.jobs.get(pod.job_uid)
    if job is not None and job.key != pod.job_key:
        return False
    queue_namespace = pod.queue.partition("/")[0]
    if queue_namespace == pod.namespace or pod.tombstone:
        return True
    return _is_recorded(context, pod) or context.takes(pod.queue, pod.namespace)


def _is_recorded(context: Context, pod: PodState) -> bool:
    """Whether the operator has written down that this queue admitted it."""
    job, queue = context.mirror.jobs.get(pod.job_uid), context.mirror.queues.named(pod.queue)
    if job is not None and any(
        (attempt.number, attempt.queue) == (pod.attempt, pod.queue)
        for attempt in job.status.attempts
    ):
        return True
    slots = [] if queue is None else held_slots_of(queue.key, queue.status)
    return any((slot.job_uid, slot.attempt) == (pod.job_uid, pod.attempt) for slot in slots)
