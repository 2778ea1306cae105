"""Who goes next: heads of the changed queues, slots from the ledger, admissions into status.

The loop is one task, so a rebuild (which happens at the top of a pass) never overlaps with an
admission: an attempt is in status before the next pass begins, or its slot is on its way back.
The Pod is created by the reconciler, from status, as it would be after a crash.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import NoReturn

from scanyard import metrics
from scanyard.controller.backoff import Backoff
from scanyard.controller.context import Context
from scanyard.controller.ledger_sync import rebuild
from scanyard.controller.placement import attempt_text
from scanyard.controller.resync import refresh_mirror
from scanyard.controller.selection import Candidate, admission_of, bring_back, candidates
from scanyard.controller.slot_records import adopt_told_slots
from scanyard.controller.status_writer import settle_conflict, write_status
from scanyard.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeNotFoundError,
    KubeRefusedError,
    KubeUnavailableError,
)
from scanyard.lifecycle.job import Job
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
        await bring_back(context, ledger)
        taken = await _take(context, await candidates(context, ledger))
        await _record_all(context, taken)


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
            elif result is OpResult.NOT_WAITING:
                context.dirty.add(candidate.job.uid)
    finally:
        context.taking -= uids
        for uid in uids - {candidate.job.uid for candidate in taken}:
            context.budgets.give_up(uid)
    for queue in {candidate.queue.key for candidate in taken}:
        context.queue_changed(queue)
    return taken


async def _record_all(context: Context, taken: list[Candidate]) -> None:
    """Wait for every admission, also after one failed: a rebuild must not overlap with any."""
    records = (_record(context, candidate) for candidate in taken)
    outcomes = await asyncio.gather(*records, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


async def _record(context: Context, candidate: Candidate) -> None:
    """Write the admission into status; whatever stands there afterwards is decided upon."""
    uid = candidate.job.uid
    async with context.lock(uid):
        backoff = Backoff()
        while True:
            job = context.mirror.jobs.get(uid)
            if job is None or context.placement.get(uid) != candidate.standing:
                break  # gone, or its slot was given back before this task had the lock
            if not await _try_record(context, job, candidate):
                break
            await asyncio.sleep(backoff.next_delay())
    # Admitted: the Pod is created. Not admitted: the slot is given back.
    context.dirty.add(uid)


async def _try_record(context: Context, job: Job, candidate: Candidate) -> bool:
    """Try once; True if the outcome is unknown, since the API server does not answer."""
    queue = context.mirror.queues.named(candidate.queue.key)
    now = context.now()
    packets = candidate.demand.packets_per_second
    status = None if queue is None else admission_of(context, job, queue, packets)
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
    if job.status.failures == 0:  # a retry keeps its queuedAt, from before it ran
        waited = (now - job.queued_at) / timedelta(seconds=1)
        metrics.WAIT_SECONDS.labels(job.namespace, candidate.queue.name).observe(max(waited, 0.0))
    return False


async def _settle(context: Context, job: Job) -> bool:
    try:
        await settle_conflict(context, job)
    except KubeUnavailableError:
        return False
    return True
