"""Deleting finished ScanJobs when their time is over, a few at a time.

A ScanJob's results and Pods go with it. It stays while a slot is held for it, and while another
ScanJob waits that depends on it: to that one, what is gone would be missing.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import NoReturn

from scanyard.controller.context import Context
from scanyard.controller.dependencies.standings import waiting_dependents
from scanyard.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeNotFoundError,
    KubeUnavailableError,
)
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.timing.ttl import delete_at

log = logging.getLogger(__name__)

#: An API server in kind deletes some 320 objects a second; scans come first.
_EVERY_SECONDS, _DELETED_AT_ONCE, _LOOKED_AT = 1.0, 20, 1000
#: What must stay for now, or could not be deleted, is looked at again so much later.
_LATER = timedelta(seconds=60)


async def delete_expired_for_ever(context: Context) -> NoReturn:
    """At most 20 a second."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        await delete_expired(context)


async def delete_expired(context: Context) -> None:
    """One batch of those that are due."""
    if not context.placement.built:
        return  # nobody knows yet who holds a slot
    deleted, failed = 0, 0
    trouble: KubeError | None = None
    for _ in range(_LOOKED_AT):
        uid = context.expiring.pop_due(context.now())
        if uid is None:
            break
        job = _expired(context, uid)
        if job is None:
            continue
        try:
            deleted += await _delete(context, job)
        except KubeError as error:
            context.expiring.set(uid, context.now() + _LATER)
            failed, trouble = failed + 1, error
            if isinstance(error, KubeUnavailableError):
                break
        if deleted + failed >= _DELETED_AT_ONCE:
            break
    if deleted:
        log.info("%d finished ScanJobs deleted, since their time was over", deleted)
    if trouble is not None:
        log.warning("%d expired ScanJobs are deleted later, the last: %s", failed, trouble)


def _expired(context: Context, uid: str) -> Job | None:
    """The ScanJob, if it is to be deleted now; else it is looked at when that may have changed."""
    job, now = context.mirror.jobs.get(uid), context.now()
    if job is None:
        return None
    at = delete_at(job, context.queue_of(job))
    if at is None or at > now:
        context.expiring.set(uid, at)
        return None
    if _must_stay(context, job):
        context.expiring.set(uid, now + _LATER)
        return None
    return job


def _must_stay(context: Context, job: Job) -> bool:
    held = context.placement.get(job.uid) is not None
    return held or bool(waiting_dependents(context.mirror.jobs, job.key))


async def _delete(context: Context, job: Job) -> bool:
    """Delete exactly the version that has expired: a rerun asked for meanwhile is not lost."""
    try:
        await context.kube.delete(
            SCANJOBS,
            job.namespace,
            job.name,
            uid=job.uid,
            resource_version=job.resource_version,
        )
    except (KubeConflictError, KubeNotFoundError):
        return False  # it has changed, and its event is on its way; or somebody else deleted it
    return True
