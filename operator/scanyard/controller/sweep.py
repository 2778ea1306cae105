"""What no event tells: every 5 minutes the lists, every few seconds the Pods that are due."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import NoReturn

from scanyard.controller.admission.placement import Standing, attempt_text
from scanyard.controller.context import Context
from scanyard.controller.pods.actions import delete_pod
from scanyard.controller.resync import refresh_mirror
from scanyard.controller.subjects import pod_fields
from scanyard.kube.errors import KubeError
from scanyard.lifecycle.decision import Holding, Parked
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import scan_stopped
from scanyard.logs import tells
from scanyard.queueing.errors import LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.readings import Entry, PlaceKind

log = logging.getLogger(__name__)

_SWEEP_SECONDS, _LONGEST_PODS_SECONDS = 300.0, 30.0
#: What was deleted between the first list and the beginning of the watches is noticed so soon.
_FIRST_SWEEP_SECONDS = 30.0
#: A tombstone keeps its name this long: no create is on its way for longer.
_TOMBSTONE_LIFE = timedelta(minutes=5)


async def sweep_for_ever(context: Context, ledger: Ledger) -> NoReturn:
    """Compare mirror, ledger and the leader's copy with what the API server says."""
    pause = _FIRST_SWEEP_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = _SWEEP_SECONDS
        try:
            await refresh_mirror(context)
            await _compare_ledger(context, ledger)
        except (KubeError, LedgerUnavailable, Stale) as error:
            log.info("the sweep is put off: %s", error)
        context.look_at_all()


async def _compare_ledger(context: Context, ledger: Ledger) -> None:
    """A ledger that differs from the leader's copy in any entry is rebuilt."""
    cursor = None
    while True:
        page = await ledger.entries(cursor)
        for entry in page.entries:
            uid = entry.job.rpartition("/")[2]
            # A change under way moves both within one lock; look again before believing it.
            if _differs(entry, uid, context.placement.get(uid)):
                async with context.lock(uid):
                    differs = _differs(entry, uid, context.placement.get(uid))
                if differs:
                    context.ledger_lost(f"the ledger's entry of {entry.job} is not the leader's")
                    return
        cursor = page.next
        if cursor is None:
            return


def _differs(entry: Entry, uid: str, standing: Standing | None) -> bool:
    if standing is None:
        return True
    place = standing.place
    if isinstance(place, Holding):
        return (entry.kind, entry.detail) != (
            PlaceKind.HOLDING,
            attempt_text(uid, place.attempt),
        )
    if isinstance(place, Parked):
        return (entry.kind, entry.detail) != (PlaceKind.PARKED, place.blocker)
    return entry.kind is not PlaceKind.WAITING


async def clear_pods_for_ever(context: Context) -> NoReturn:
    """Delete finished Pods after their retention, and tombstones after their life."""
    retention = timedelta(seconds=context.settings.pod_retention_seconds)
    every = min(_LONGEST_PODS_SECONDS, max(1.0, retention / timedelta(seconds=2)))
    while True:
        await asyncio.sleep(every)
        for uid in context.mirror.pods.uids():
            pod = context.mirror.pods.get(uid)
            if pod is None or pod.deleting or not _is_due(context, pod, retention, context.now()):
                continue
            try:
                await delete_pod(context, pod)
            except KubeError as error:
                subject = tells(**pod_fields(context, pod))
                log.info("Pod %s is deleted later: %s", pod.name, error, extra=subject)


def _is_due(context: Context, pod: PodState, retention: timedelta, now: datetime) -> bool:
    if pod.tombstone:
        return pod.created is not None and now - pod.created > _TOMBSTONE_LIFE
    job = context.mirror.jobs.get(pod.job_uid)
    attempt = job.status.open_attempt if job is not None else None
    if attempt is not None and attempt.number == pod.attempt:
        return False  # its result has not been read into status yet
    finished = pod.termination.finished_at if pod.termination is not None else None
    # The node's clock may be behind, the API server's is not.
    ended = max((at for at in (finished, pod.created) if at is not None), default=now)
    return scan_stopped(pod) and now - ended > retention
