"""One ScanJob at a time: look, decide, act.

The order of effects is what makes a crash between any two of them harmless: status first, then
the ledger, then Pods. Whatever is left half done is decided again from what the API then says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, NoReturn

from scanyard import metrics
from scanyard.controller.admission.ledger_sync import LedgerNotCurrentError, job_standing, sync
from scanyard.controller.context import Context
from scanyard.controller.ends import count_end, count_finish
from scanyard.controller.events import warn
from scanyard.controller.pods import launch
from scanyard.controller.pods.actions import (
    check_node,
    delete_pod,
    look_up,
    look_up_stray,
    read_queue,
)
from scanyard.controller.pods.orphans import reconcile_orphan
from scanyard.controller.pods.slot_records import notice_vanished, tell_slot
from scanyard.controller.status_writer import settle_conflict, write_status
from scanyard.controller.subjects import known_fields
from scanyard.controller.views import view_of
from scanyard.kube.errors import KubeConflictError, KubeError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.lease import LeaseLostError
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Decision, Holding
from scanyard.lifecycle.job import Job
from scanyard.logs import about, tells
from scanyard.queueing.errors import Fenced

log = logging.getLogger(__name__)

_WORKERS = 16


def workers(context: Context) -> list[Coroutine[Any, Any, NoReturn]]:
    """They reconcile whatever becomes dirty, for ever; only a lost leadership ends one."""
    return [_work(context) for _ in range(_WORKERS)]


async def _work(context: Context) -> NoReturn:
    while True:
        async with context.dirty.next() as uid:
            await _survive(context, uid)
        # A look that waits for nothing would let thousands of others starve the loop.
        await asyncio.sleep(0)


async def _survive(context: Context, uid: str) -> None:
    try:
        async with context.lock(uid):
            with about(**known_fields(context, uid)):
                await reconcile(context, uid)
    except (Fenced, LeaseLostError):
        raise
    except LedgerNotCurrentError:
        # Everything is looked at anew once the ledger has been rebuilt.
        context.dirty.retry(uid)
    except KubeError as error:
        metrics.RECONCILE_ERRORS.labels(type(error).__name__).inc()
        subject = tells(**known_fields(context, uid))
        log.info("%s is looked at again: %s", _name(context, uid), error, extra=subject)
        context.dirty.retry(uid)
    except Exception as error:
        # One strange object must not stop the others: it is counted, told and tried again.
        metrics.RECONCILE_ERRORS.labels(type(error).__name__).inc()
        subject = tells(**known_fields(context, uid))
        log.exception("%s could not be reconciled", _name(context, uid), extra=subject)
        context.dirty.retry(uid)
    else:
        context.dirty.succeeded(uid)


async def reconcile(context: Context, uid: str) -> None:
    """Bring one ScanJob a step further; the caller holds its lock."""
    job = context.mirror.jobs.get(uid)
    if job is None:
        await reconcile_orphan(context, uid)
        return
    if job.status.open_attempt is None:
        await notice_vanished(context, uid)
    view = view_of(context, job)
    decision = decide(view)
    try:
        written = await write_status(context, job, decision.status)
    except (KubeConflictError, KubeNotFoundError):
        await settle_conflict(context, job)
        context.dirty.add(uid)
        return
    except KubeRefusedError:
        if job.status.open_attempt is None:
            # Its admission was refused likewise: the slot must not wait until it can be told.
            await sync(context, uid, job_standing(context, job, decision.place))
        raise
    context.told(uid, view.outlook, view.question)
    if written is not job:
        # The mirror has it already, so its event will be no news; but what was decided may ask for
        # more, such as a rerun that was asked for before the end was written.
        context.dirty.add(uid)
    if decision.ended is not None:
        count_end(context, job, *decision.ended, retried=decision.retried)
        await _warn_of_failure(context, written)
    count_finish(context, job, written)
    await tell_slot(context, uid, decision.held_slot)
    await _stop(context, written, decision)
    await sync(context, uid, job_standing(context, written, decision.place))
    if not isinstance(decision.place, Holding):
        context.held_slots.settled(uid)
    await _start(context, written, decision)


async def _stop(context: Context, job: Job, decision: Decision) -> None:
    """What must work without Redis, too: scans end, and ends are noticed."""
    if decision.look_again_at is not None:
        seconds = (decision.look_again_at - context.now()) / timedelta(seconds=1)
        context.dirty.add_after(job.uid, max(seconds, 0.05))
    if decision.delete is not None:
        await delete_pod(context, decision.delete)
    for stray in decision.delete_stray:
        subject = tells(attempt=stray.attempt, pod=stray.name)
        text = "Pod %s/%s has no open attempt and is ended"
        log.warning(text, stray.namespace, stray.name, extra=subject)
        await delete_pod(context, stray)
    for stray in decision.look_up_stray:
        await look_up_stray(context, stray)
    if decision.look_up is not None:
        await look_up(context, job.namespace, job.uid, decision.look_up)
    if decision.read_queue is not None:
        await read_queue(context, job.uid, decision.read_queue)
    if decision.check_node:
        await check_node(context, job.uid, decision.check_node)


async def _start(context: Context, job: Job, decision: Decision) -> None:
    """What needs a slot in the ledger first."""
    if decision.create is not None:
        await launch.create(context, job, decision.create)
    if decision.tombstone is not None:
        await launch.bury(context, job, decision.tombstone)


async def _warn_of_failure(context: Context, job: Job) -> None:
    stalled = job.status.condition("Stalled")
    if stalled is not None and stalled.status and job.status.phase in {"Failed", "TimedOut"}:
        await warn(context, job, stalled.reason, stalled.message)


def _name(context: Context, uid: str) -> str:
    job = context.mirror.jobs.get(uid)
    return f"ScanJob {job.key}" if job is not None else f"deleted ScanJob {uid}"
