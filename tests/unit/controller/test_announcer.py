"""When a ScanJob is told that, and why, it waits."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from scanyard.controller.admission.announcer import Announcer
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, at, condition, open_attempt, raw_job

_TOLD = open_attempt(endedAt=at(-1)) | {
    "phase": "Queued",
    "conditions": [condition("Reconciling", "QueueFull")],
}


@pytest.mark.parametrize(
    ("status", "announced"),
    [
        ({"observedGeneration": -1, "phase": "Pending"}, True),
        (_TOLD, False),
        (_TOLD | {"failures": 1, "retryAt": at(0)}, True),
        (_TOLD | {"conditions": [condition("Reconciling", "OutOfScope")]}, True),
    ],
    ids=["never told", "told", "told of a back-off that is over", "told of what blocks no more"],
)
async def test_who_enters_the_order_is_told_once(
    monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], *, announced: bool
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    context = Context(
        Settings(), cast("Any", None), cast("Any", None), 7, DenyList(()), lambda: NOW
    )
    context.mirror.jobs.put(raw_job(status=status))
    told = Announcer(context, cast("Any", None))
    context.placement.on_waiting = told.began_to_wait

    context.placement.set(UID, Standing(f"team/web/{UID}", Parked("team/default", "retry")))
    context.placement.set(UID, Standing(f"team/web/{UID}", Waiting("team/default")))
    clock[0] += 3
    await told.announce()

    assert (UID in context.announce) == announced
