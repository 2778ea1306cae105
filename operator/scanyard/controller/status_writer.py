"""Writing a ScanJob's status: only when it differs, only onto the version it was decided from."""

from __future__ import annotations

from scanyard.controller.context import Context
from scanyard.kube.errors import KubeNotFoundError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.status import JobStatus, merge_patch


async def write_status(context: Context, job: Job, status: JobStatus) -> Job:
    """Patch the difference and return the ScanJob as it then is.

    Raises KubeConflictError if it has changed meanwhile, KubeNotFoundError if it is gone, and
    KubeUnavailableError if the answer is not known; the patch may have been done then, and the
    next look at the ScanJob finds out.
    """
    patch = merge_patch(job.status.raw(), status.raw())
    if not patch:
        return job
    raw = await context.kube.patch_status(
        SCANJOBS, job.namespace, job.name, patch, job.resource_version
    )
    news = context.mirror.jobs.put(raw)
    if news is not None:  # else its event was quicker than the answer, and comes no second time
        context.lags[SCANJOBS.plural].wrote(job.uid, int(raw["metadata"]["resourceVersion"]))
    return news or read_job(raw)


async def settle_conflict(context: Context, job: Job) -> Job | None:
    """Read the ScanJob consistently and put the mirror right; None if it is gone."""
    try:
        raw = await context.kube.get(SCANJOBS, job.namespace, job.name)
    except KubeNotFoundError:
        raw = None
    if raw is None or raw["metadata"]["uid"] != job.uid:
        gone = context.mirror.jobs.forget(job.uid)
        if gone is not None:
            context.memories.lost(gone)
        return None
    return context.mirror.jobs.put(raw) or context.mirror.jobs.get(job.uid)
