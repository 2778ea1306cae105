"""The slots that Pods without a ScanJob hold: until their scan has stopped."""

from __future__ import annotations

from collections.abc import Iterator

from scanyard.controller.context import Context
from scanyard.controller.placement import Standing
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.pod import PodState
from scanyard.lifecycle.slots import scan_stopped


def orphan_standings(context: Context) -> Iterator[tuple[str, Standing]]:
    """The slots that are held by Pods without a ScanJob, by the ScanJob's uid."""
    jobs, pods = context.mirror.jobs, context.mirror.pods
    for pod_uid in pods.uids():
        pod = pods.get(pod_uid)
        if pod is not None and jobs.get(pod.job_uid) is None:
            standing = orphan_standing(context, pod.job_uid)
            if standing is not None:
                yield pod.job_uid, standing


def orphan_standing(context: Context, job_uid: str) -> Standing | None:
    """The slot of a gone ScanJob's Pod that may still scan."""
    for pod in running_pods(context, job_uid):
        return Standing(f"{pod.job_key}/{job_uid}", Holding(pod.queue, pod.attempt))
    return None


def running_pods(context: Context, job_uid: str) -> list[PodState]:
    """The Pods of a ScanJob whose scan has not surely stopped."""
    pods = context.mirror.pods.of_job(job_uid)
    return [pod for pod in pods if not pod.tombstone and not scan_stopped(pod)]
