"""Who goes next: heads of the changed queues, slots from the ledger, admissions into status.

The loop is one task, so a rebuild (which happens at the top of a pass) never overlaps with an
admission: an attempt is in status before the next pass begins, or its slot is on its way back.
The Pod is created by the reconciler, from status, as it would be after a crash.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from scanyard import metrics
from scanyard.controller.backoff import Backoff
from scanyard.controller.context import Context
from scanyard.controller.ledger_sync import rebuild
from scanyard.controller.placement import Standing, attempt_text
from scanyard.controller.resync import refresh_mirror
from scanyard.controller.slot_records import adopt_told_slots
from scanyard.controller.status_writer import settle_conflict, write_status
from scanyard.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeNotFoundError,
    KubeRefusedError,
    KubeUnavailableError,
)
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import JobStatus
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import OpResult, Take
from scanyard.queueing.readings import Head

log = logging.getLogger(__name__)

#: How many heads of a queue are read at once, and how many slots are taken in one command.
_WINDOW, _BATCH = 64, 128
#: An idle leader reads this often, so that a lost ledger is noticed.
_IDLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    job: Job
    queue: Queue

    @property
    def attempt(self) -> int:
        return self.job.status.attempt_count + 1

    @property
    def standing(self) -> Standing:
        return Standing(self.job.member, Holding(self.queue.key, self.attempt))


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
            await _admit_all(context, ledger)
            backoff.reset()
            await _rest(context, ledger)
        except (LedgerUnavailable, LedgerMisconfigured, Stale, KubeError) as error:
            metrics.LEDGER_AVAILABLE.set(0)
            context.ledger_lost(str(error))
            await asyncio.sleep(backoff.next_delay())


async def _rest(context: Context, ledger: Ledger) -> None:
    if context.changed_queues or not context.ledger_current:
        return
    context.wake.clear()
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            await context.wake.wait()
    except TimeoutError:
        await ledger.check()


async def _admit_all(context: Context, ledger: Ledger) -> None:
    """One pass: heads, choice, slots, status; repeated while queues have more to give."""
    while context.changed_queues and context.ledger_current:
        candidates = await _heads(context, ledger)
        if not candidates:
            return
        taken = await _take(context, candidates)
        await _record_all(context, taken)


async def _heads(context: Context, ledger: Ledger) -> list[_Candidate]:
    """The ScanJobs that free slots could go to, the most urgent queue's first."""
    if context.settings.max_concurrent_scans:
        _all_waiting_queues(context)
    queues = [q for key in context.changed_queues if (q := context.mirror.queues.named(key))]
    context.changed_queues.clear()
    open_queues = [q for q in queues if not q.held and _free(context, q) > 0]
    if not open_queues:
        return []
    windows = await ledger.heads([queue.key for queue in open_queues], _WINDOW)
    candidates: list[_Candidate] = []
    for queue in sorted(open_queues, key=lambda q: (-q.priority, q.key)):
        fit = [c for head in windows[queue.key].heads if (c := _candidate(context, queue, head))]
        candidates.extend(fit[: _free(context, queue)])
    return candidates


def _candidate(context: Context, queue: Queue, head: Head) -> _Candidate | None:
    """The head, unless the ledger is about to hear that it waits no more."""
    uid = head.job.rpartition("/")[2]
    job = context.mirror.jobs.get(uid)
    if job is None or _admitted(context, job, queue) is None:
        context.dirty.add(uid)
        return None
    return _Candidate(job, queue)


def _admitted(context: Context, job: Job, queue: Queue) -> JobStatus | None:
    """The status that admits it, if it may go."""
    return admit(
        job,
        queue,
        fence=context.fence,
        now=context.now(),
        refusal=context.refusal_of(job, queue),
        addresses=context.addresses_of(job, queue),
    )


def _all_waiting_queues(context: Context) -> None:
    """A slot of the installation that came free may be any queue's."""
    for uid in context.mirror.queues.uids():
        queue = context.mirror.queues.get(uid)
        if queue is not None and context.placement.waiting(queue.key):
            context.changed_queues.add(queue.key)


def _free(context: Context, queue: Queue) -> int:
    return queue.max_concurrent - context.placement.held(queue.key)


async def _take(context: Context, candidates: list[_Candidate]) -> list[_Candidate]:
    """Take slots for the candidates in order; what the ledger grants is held from now on."""
    batch = candidates[:_BATCH]
    for candidate in candidates[_BATCH:]:
        context.queue_changed(candidate.queue.key)
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
    for queue in {candidate.queue.key for candidate in taken}:
        context.queue_changed(queue)
    return taken


async def _record_all(context: Context, taken: list[_Candidate]) -> None:
    """Wait for every admission, also after one failed: a rebuild must not overlap with any."""
    records = (_record(context, candidate) for candidate in taken)
    outcomes = await asyncio.gather(*records, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


async def _record(context: Context, candidate: _Candidate) -> None:
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


async def _try_record(context: Context, job: Job, candidate: _Candidate) -> bool:
    """Try once; True if the outcome is unknown, since the API server does not answer."""
    queue = context.mirror.queues.named(candidate.queue.key)
    now = context.now()
    status = None if queue is None else _admitted(context, job, queue)
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
