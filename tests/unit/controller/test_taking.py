"""A ScanJob is changed while the ledger is being asked for its slot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from scanyard.controller.admission.ledger_sync import LedgerNotCurrentError
from scanyard.controller.admission.loop import run_admission
from scanyard.controller.admission.placement import Standing
from scanyard.controller.handlers import on_scanjob
from scanyard.controller.reconcile import reconcile
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.queueing.operations import Enqueue, Operation, OpResult, Take
from scanyard.queueing.readings import Head, QueueHeads
from tests.support.objects import UID, raw_job
from tests.unit.controller.shell import ApiServer, context_of, newer

_QUEUE, _MEMBER = "team/default", f"team/web/{UID}"


class _SlowLedger:
    """Answers the asking for a slot only when it is told to."""

    def __init__(self) -> None:
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.answered = asyncio.Event()
        self.operations: list[Operation] = []

    async def heads(self, queues: Sequence[str], _window: int) -> dict[str, QueueHeads]:
        return {queue: QueueHeads(1, 0, 0, (Head(_MEMBER, 1.0),)) for queue in queues}

    async def submit_all(self, operations: Sequence[Operation]) -> list[OpResult]:
        self.operations.extend(operations)
        if not isinstance(operations[0], Take):
            # What the real one says of a holder that shall wait.
            return [OpResult.HOLDING for _ in operations]
        self.asked.set()
        await self.may_answer.wait()
        self.answered.set()
        return [OpResult.TAKEN for _ in operations]


async def test_a_slot_beyond_the_limit_is_counted_for_the_alert() -> None:
    """The ledger grants it although others have come to hold all slots by the leader's count."""
    ledger = _SlowLedger()
    context = context_of(ApiServer(scanjobs=raw_job()))
    context.ledger = cast("Any", ledger)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE), 1.0))
    context.queue_changed(_QUEUE)
    before = _exceeded()
    admission = asyncio.create_task(run_admission(context, cast("Any", ledger)))
    await asyncio.wait_for(ledger.asked.wait(), 10)
    for other in ("a", "b"):
        context.placement.set(other, Standing(f"team/{other}/{other}", Holding(_QUEUE, 1)))
    ledger.may_answer.set()
    await asyncio.wait_for(ledger.answered.wait(), 10)
    assert _exceeded() == before + 1
    admission.cancel()
    await asyncio.wait([admission])


def _exceeded() -> float:
    labels = {"queue_namespace": "team", "queue": "default"}
    return REGISTRY.get_sample_value("scanyard_limit_exceeded_total", labels) or 0.0


async def test_a_changed_priority_waits_for_the_answer() -> None:
    ledger = _SlowLedger()
    context = context_of(ApiServer(scanjobs=raw_job()))
    context.ledger = cast("Any", ledger)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE), 1.0))
    context.queue_changed(_QUEUE)
    admission = asyncio.create_task(run_admission(context, cast("Any", ledger)))
    await asyncio.wait_for(ledger.asked.wait(), 10)

    on_scanjob(context, "MODIFIED", newer(raw_job(priority=50)))
    async with context.dirty.next() as uid:
        with pytest.raises(LedgerNotCurrentError, match="has been asked for"):
            await reconcile(context, uid)
    assert not any(isinstance(each, Enqueue) for each in ledger.operations)
    assert context.ledger_current, "nothing is to be rebuilt"

    ledger.may_answer.set()
    async with asyncio.timeout(10), context.dirty.next() as uid:
        assert uid == UID, "it is looked at when it has been admitted"
    standing = context.placement.get(UID)
    assert standing is not None
    assert standing.place == Holding(_QUEUE, 1)
    assert context.taking == set()
    admission.cancel()
    await asyncio.wait([admission])
