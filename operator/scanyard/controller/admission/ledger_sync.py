"""Keeping the ledger in step with the decisions, and rebuilding it when it was lost."""

from __future__ import annotations

import asyncio
import logging

from scanyard import metrics
from scanyard.controller.admission.placement import Standing, operations, placement_of, standing_for
from scanyard.controller.context import Context
from scanyard.controller.pods.stray_slots import orphan_standings
from scanyard.controller.views import view_of
from scanyard.errors import ScanyardError
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Holding, Parked, Place, Waiting
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import DEFAULT_AGING_SECONDS
from scanyard.lifecycle.sharing.capacity import reason_of
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import OpResult
from scanyard.queueing.order import order_score

log = logging.getLogger(__name__)

#: A job that the leader's copy has waiting holds a slot in the ledger: the copy is wrong.
_CONTRADICTIONS = frozenset({OpResult.HOLDING})


#: Of ScanJobs looked at without a pause; some milliseconds.
_AT_A_TIME = 64


class LedgerNotCurrentError(ScanyardError):
    """Nothing may be changed before the ledger has been rebuilt."""


def job_standing(context: Context, job: Job, place: Place) -> Standing | None:
    """The standing for a decision's place, with the score of the job's queue."""
    queue = context.queue_of(job)
    aging = queue.aging_seconds if queue is not None else DEFAULT_AGING_SECONDS
    queued_at_ms = int(job.queued_at.timestamp() * 1000)
    score = order_score(queued_at_ms, job.priority, aging)
    return standing_for(job.member, _kept_aside(context, job, place), score)


def _kept_aside(context: Context, job: Job, place: Place) -> Place:
    """Whoever does not fit for now stays aside: what is short decides when it comes back."""
    standing = context.placement.get(job.uid)
    aside = None if standing is None else standing.place
    if (
        isinstance(place, Waiting)
        and isinstance(aside, Parked)
        and reason_of(aside.blocker)
        and aside.queue == place.queue
    ):
        return aside
    return context.pending.place_of(job.member, place, standing)


async def sync(context: Context, uid: str, after: Standing | None) -> None:
    """Make the ledger say where the ScanJob stands; raises LedgerUnavailable or Fenced."""
    before = context.placement.get(uid)
    changes = operations(before, after)
    if not changes:
        return
    if not context.ledger_current:
        raise LedgerNotCurrentError(context.ledger_trouble)
    if uid in context.taking:
        # Where it stands is being decided; whoever decides has it looked at afterwards.
        raise LedgerNotCurrentError("its slot has been asked for")
    try:
        with context.pending.entering(before, after):
            results = await context.ledger.submit_all(changes)
    except (Stale, LedgerUnavailable, LedgerMisconfigured) as error:
        context.ledger_lost(str(error))
        raise LedgerNotCurrentError(str(error)) from error
    if _CONTRADICTIONS.intersection(results):
        context.ledger_lost(
            f"the ledger holds a slot for {after or before} that the leader does not"
        )
        raise LedgerNotCurrentError(context.ledger_trouble)
    context.placement.set(uid, after)
    for standing in (before, after):
        if standing is not None:
            context.queue_changed(standing.place.queue)


async def rebuild(context: Context, ledger: Ledger) -> None:
    """Rebuild the ledger from the mirror, which must be fresh from consistent lists.

    Every attempt that is admitted and not ended in status holds its slot, Pod or not.
    """
    standings = await _standings(context)
    contents = LedgerContents(placement_of(item) for item in standings.values())
    await ledger.rebuild(context.fence, contents)
    context.placement.replace(standings)
    context.budgets.keep_only({uid for uid, _ in context.placement.holders()})
    context.budgets.heat(set(context.placement.parked_lists()))
    context.ledger_current, context.ledger_trouble = True, ""
    metrics.LEDGER_REBUILDS.inc()
    log.info("ledger rebuilt with %d ScanJobs", len(standings))
    context.look_at_all()
    for queue_uid in context.mirror.queues.uids():
        if queue := context.mirror.queues.get(queue_uid):
            context.queue_changed(queue.key)


async def _standings(context: Context) -> dict[str, Standing]:
    """Where everybody stands; the Lease is renewed meanwhile, however many there are.

    All are taken down at once: a ScanJob that is deleted meanwhile holds its slot as before.
    """
    standings = dict(orphan_standings(context))
    jobs = [job for uid in context.mirror.jobs.uids() if (job := context.mirror.jobs.get(uid))]
    for number, job in enumerate(jobs):
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
        attempt = job.status.open_attempt
        place: Place = (
            Holding(attempt.queue, attempt.number)
            if attempt is not None
            else decide(view_of(context, job, worded=False)).place
        )
        standing = job_standing(context, job, place)
        if standing is not None:
            standings[job.uid] = standing
    context.pending.keep_back(standings)
    return standings
