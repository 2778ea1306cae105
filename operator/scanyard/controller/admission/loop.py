"""Who goes next: heads of the changed queues, slots from the ledger, admissions into status.

The loop is one task, so a rebuild (which happens at the top of a pass) never overlaps with an
admission: an attempt is in status before the next pass begins, or its slot is on its way back.
The Pod is created by the reconciler, from status, as it would be after a crash.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime, timedelta
from typing import NoReturn

from scanyard import metrics
from scanyard.controller.admission.candidate import Candidate, admission_of
from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.admission.placement import attempt_text
from scanyard.controller.admission.selection import bring_back, candidates
from scanyard.controller.backoff import Backoff
from scanyard.controller.context import Context
from scanyard.controller.pods.slot_records import adopt_told_slots
from scanyard.controller.resync import refresh_mirror
from scanyard.controller.status_writer import settle_conflict, write_status
from scanyard.controller.subjects import job_fields, queue_field
from scanyard.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeNotFoundError,
    KubeRefusedError,
    KubeUnavailableError,
)
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.logs import about, tells
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import OpResult, Take

log = logging.getLogger(__name__)

#: How many slots are taken in one command.
_BATCH = 128
#: An idle leader reads this often, so that a lost ledger is noticed.
_IDLE_SECONDS = 5.0


async def run_admission(context: Context, ledger: Ledger) -> NoReturn:
    """Admit for ever; a ledger that is away or stale is rebuilt before anything else."""
    backoff = Backoff()
    while True:
        try:
            if not context.ledger_current:
                await refresh_mirror(context)
                if not context.placement.built:
                    adopt_told_slots(context)
                await rebuild(context, ledger)
                metrics.LEDGER_AVAILABLE.set(1)
            await admit_all(context, ledger)
            backoff.reset()
            await _rest(context, ledger)
        except (LedgerUnavailable, LedgerMisconfigured, Stale, KubeError) as error:
            metrics.LEDGER_AVAILABLE.set(0)
            context.ledger_lost(str(error))
            await asyncio.sleep(backoff.next_delay())


async def _rest(context: Context, ledger: Ledger) -> None:
    if context.changed_queues or context.budgets.hot or not context.ledger_current:
        return
    context.wake.clear()
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            await context.wake.wait()
    except TimeoutError:
        await ledger.check()


async def admit_all(context: Context, ledger: Ledger) -> None:
    """One pass: heads, choice, slots, status; repeated while queues have more to give."""
    while (context.changed_queues or context.budgets.hot) and context.ledger_current:
        began = time.monotonic()
        await bring_back(context, ledger)
        taken = await _take(context, await candidates(context, ledger))
        await _record_all(context, taken, began)


async def _take(context: Context, chosen: list[Candidate]) -> list[Candidate]:
    """Take slots for the candidates in order; what the ledger grants is held from now on."""
    batch = chosen[:_BATCH]
    for candidate in chosen[_BATCH:]:
        context.budgets.give_up(candidate.job.uid)
        context.queue_changed(candidate.queue.key)
    if not batch:
        return []
    takes = [
        Take(
            candidate.queue.key,
            candidate.job.member,
            attempt_text(candidate.job.uid, candidate.attempt),
            candidate.queue.max_concurrent,
            context.settings.max_concurrent_scans,
            candidate.queue.max_concurrent_per_namespace,
        )
        for candidate in batch
    ]
    uids = {candidate.job.uid for candidate in batch}
    taken = []
    context.taking |= uids
    try:
        results = await context.ledger.submit_all(takes)
        for candidate, result in zip(batch, results, strict=True):
            if result is OpResult.TAKEN:
                context.placement.set(candidate.job.uid, candidate.standing)
                taken.append(candidate)
                _check_limit(context, candidate)
            elif result is OpResult.NOT_WAITING:
                context.dirty.add(candidate.job.uid)
    finally:
        context.taking -= uids
        for uid in uids - {candidate.job.uid for candidate in taken}:
            context.budgets.give_up(uid)
    for queue in {candidate.queue.key for candidate in taken}:
        context.queue_changed(queue)
    return taken


def _check_limit(context: Context, candidate: Candidate) -> None:
    """The ledger has counted already; this is the leader's own count."""
    queue = candidate.queue
    held = context.placement.held(queue.key)
    if held > queue.max_concurrent:
        metrics.LIMIT_EXCEEDED.labels(queue.namespace, queue.name).inc()
        text = "queue %s holds %d slots of at most %d: the ledger counted otherwise"
        subject = tells(queue=queue_field(queue.key))
        log.error(text, queue.key, held, queue.max_concurrent, extra=subject)


async def _record_all(context: Context, taken: list[Candidate], began: float) -> None:
    """Wait for every admission, also after one failed: a rebuild must not overlap with any."""
    records = (_record(context, candidate, began) for candidate in taken)
    outcomes = await asyncio.gather(*records, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


async def _record(context: Context, candidate: Candidate, began: float) -> None:
    """Write the admission into status; whatever stands there afterwards is decided upon.

    `began`: when the choice was begun, by the monotonic clock.
    """
    uid = candidate.job.uid
    subject = job_fields(candidate.job, candidate.attempt, candidate.queue.key)
    with about(**subject):
        async with context.lock(uid):
            await _record_locked(context, candidate, began)
    # Admitted: the Pod is created. Not admitted: the slot is given back.
    context.dirty.add(uid)


async def _record_locked(context: Context, candidate: Candidate, began: float) -> None:
    uid, backoff = candidate.job.uid, Backoff()
    while True:
        job = context.mirror.jobs.get(uid)
        if job is None or context.placement.get(uid) != candidate.standing:
            return  # gone, or its slot was given back before this task had the lock
        if not await _try_record(context, job, candidate, began):
            return
        await asyncio.sleep(backoff.next_delay())


async def _try_record(context: Context, job: Job, candidate: Candidate, began: float) -> bool:
    """Try once; True if the outcome is unknown, since the API server does not answer."""
    queue = context.mirror.queues.named(candidate.queue.key)
    now = context.now()
    packets = candidate.demand.packets_per_second
    if queue is None:
        return False
    status = admission_of(context, job, queue, packets)
    if status is None or status.attempt_count != candidate.attempt:
        return False
    try:
        await write_status(context, job, status)
    except (KubeConflictError, KubeNotFoundError):
        await _settle(context, job)
        return False
    except KubeRefusedError as error:
        seconds = context.refused.add(job.uid, now)
        text = "ScanJob %s is not admitted, since its status is refused: %s (tried in %.0f s)"
        log.warning(text, job.key, error, seconds)
        return False
    except KubeUnavailableError:
        # Perhaps done, perhaps not: a consistent read tells.
        return not await _settle(context, job)
    context.refused.forget(job.uid)
    text = "ScanJob %s: attempt %d is admitted by queue %s"
    log.info(text, job.key, candidate.attempt, queue.key)
    metrics.ADMISSION_SECONDS.observe(time.monotonic() - began)
    _count(queue, job, now)
    return False


def _count(queue: Queue, job: Job, now: datetime) -> None:
    labels = (queue.namespace, queue.name)
    metrics.ADMISSIONS.labels(*labels).inc()
    if job.status.failures == 0:  # a retry keeps its queuedAt, from before it ran
        waited = (now - job.queued_at) / timedelta(seconds=1)
        metrics.WAIT_SECONDS.labels(*labels).observe(max(waited, 0.0))
        if queue.target_wait_seconds:
            within = "true" if waited <= queue.target_wait_seconds else "false"
            metrics.TARGET_WAITS.labels(*labels, within).inc()


async def _settle(context: Context, job: Job) -> bool:
    try:
        await settle_conflict(context, job)
    except KubeUnavailableError:
        return False
    return True
