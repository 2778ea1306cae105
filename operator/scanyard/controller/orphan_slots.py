"""The slots that Pods without a ScanJob, or without an attempt, hold: until their scan stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scanyard.controller.context import Context
from scanyard.controller.placement import Standing
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.slots import scan_stopped, unconfirmed_end


def orphan_standings(context: Context) -> Iterator[tuple[str, Standing]]:
    """The slots that are held by Pods without a ScanJob, there or vanished, by its uid."""
    jobs, pods = context.mirror.jobs, context.mirror.pods
    for pod_uid in pods.uids():
        pod = pods.get(pod_uid)
        if pod is not None and jobs.get(pod.job_uid) is None:
            standing = orphan_standing(context, pod.job_uid)
            if standing is not None:
                yield pod.job_uid, standing
    for job_uid, standing in context.placement.items():
        if jobs.get(job_uid) is None and vanished_pod(context, job_uid) is not None:
            yield job_uid, standing


def orphan_standing(context: Context, job_uid: str) -> Standing | None:
    """The slot of a gone ScanJob's Pod that may still scan."""
    for pod in running_pods(context, job_uid):
        return Standing(f"{pod.job_key}/{job_uid}", Holding(pod.queue, pod.attempt))
    return None


def running_pods(context: Context, job_uid: str) -> list[PodState]:
    """The Pods of a ScanJob whose scan has not surely stopped."""
    pods = context.mirror.pods.of_job(job_uid)
    return [pod for pod in pods if not pod.tombstone and not scan_stopped(pod)]


def vanished_pod(context: Context, job_uid: str) -> tuple[PodState, datetime] | None:
    """A Pod that held a slot without an open attempt and went away unread; until when it holds it.

    Rule 5 of the design; only the newest attempt's Pod is remembered.
    """
    memory = context.memories.known(job_uid)
    standing = context.placement.get(job_uid)
    if memory is None or standing is None or not isinstance(standing.place, Holding):
        return None
    last = memory.last_pod
    if last is None or scan_stopped(last) or context.mirror.pods.get(last.uid) is not None:
        return None
    gone_at = memory.gone_at or context.now()
    until = unconfirmed_end(last, gone_at, node_ready=memory.node_ready, timeout_seconds=0)
    return (last, until) if until > context.now() else None
