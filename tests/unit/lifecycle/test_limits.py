"""A ScanJob that asks for more than its queue allows."""

from __future__ import annotations

from typing import Any, Final

import pytest

from scanyard.controller.admission.placement import Standing
from scanyard.controller.handlers import on_scanqueue
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import NOW, UID, raw_job, raw_queue
from tests.unit.controller.shell import ApiServer, context_of, newer
from tests.unit.lifecycle.looking import look, told

_LIMITED: Final[dict[str, Any]] = {"limits": {"maxTimeoutSeconds": 60}}


def test_it_is_parked_and_told_at_once_what_to_do() -> None:
    decision = look(timeoutSeconds=61, queue=_LIMITED)
    assert decision.place == Parked("team/default", "limits")
    reason, message = told(decision)
    assert reason == "ExceedsLimit"
    for word in ("timeoutSeconds 61", "limits.maxTimeoutSeconds 60", "queueRef"):
        assert word in message


@pytest.mark.parametrize(
    ("seconds", "limits"), [(60, {"maxTimeoutSeconds": 60}), (1_209_600, {}), (61, None)]
)
def test_what_is_within_the_limits_waits_for_a_slot(
    seconds: int, limits: dict[str, int] | None
) -> None:
    queue = {} if limits is None else {"limits": limits}
    assert look(timeoutSeconds=seconds, queue=queue).place == Waiting("team/default")


def test_it_is_not_admitted() -> None:
    queue = read_queue(raw_queue(**_LIMITED))
    assert admit(read_job(raw_job(timeoutSeconds=61)), queue, fence=7, now=NOW) is None
    assert admit(read_job(raw_job(timeoutSeconds=60)), queue, fence=7, now=NOW) is not None


async def test_a_changed_limit_is_heard_by_those_it_concerns() -> None:
    context = context_of(ApiServer(scanjobs=raw_job()))
    context.placement.set(UID, Standing(f"team/web/{UID}", Waiting("team/default")))
    async with context.dirty.next():
        pass
    on_scanqueue(context, "MODIFIED", newer(raw_queue(**_LIMITED)))
    assert len(context.dirty) == 1
