"""Queues open and close by the clock: who is woken, who is looked at, who is told."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from scanyard.controller.admission.announcer import Announcer
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanjob, on_scanqueue
from scanyard.controller.timing.window_clock import look_at_clock
from scanyard.controller.views import view_of
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, condition, raw_job, raw_queue
from tests.unit.controller.shell import newer

_QUEUE, _MEMBER = "team/default", f"team/web/{UID}"
#: From NOW on for half an hour.
_WINDOW = {"start": "0 12 * * *", "durationSeconds": 1800, "timeZone": "UTC"}


class _Clock:
    def __init__(self) -> None:
        self.now = NOW + timedelta(minutes=10)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    # The announcer's patience goes by this clock, too.
    monkeypatch.setattr(time, "monotonic", clock.seconds)
    return clock


def _context(clock: _Clock, job: dict[str, Any] | None = None, **spec: Any) -> Context:
    nothing = cast("Any", None)
    context = Context(Settings(), nothing, nothing, 7, DenyList(()), now=clock)
    on_scanqueue(context, "ADDED", raw_queue(**{"windows": [_WINDOW]} | spec))
    on_scanjob(context, "ADDED", job or raw_job())
    _forget_marks(context)
    return context


def _forget_marks(context: Context) -> None:
    context.changed_queues.clear()
    context.wake.clear()
    context.dirty = type(context.dirty)(time.monotonic)


def _told(*, reason: str, message: str = "") -> dict[str, Any]:
    return raw_job(
        status={
            "observedGeneration": 1,
            "phase": "Queued",
            "conditions": [condition("Reconciling", reason, message=message)],
        }
    )


def test_nothing_is_done_between_openings_and_closings(clock: _Clock) -> None:
    context = _context(clock)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE)))
    clock.now += timedelta(minutes=19, seconds=59)
    look_at_clock(context)
    assert (context.changed_queues, len(context.dirty)) == (set(), 0)


def test_an_opening_wakes_admission(clock: _Clock) -> None:
    clock.now = NOW - timedelta(seconds=1)
    context = _context(clock)
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    assert queue.held
    clock.now = NOW
    look_at_clock(context)
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    assert not queue.held
    assert context.wake.is_set()
    assert context.changed_queues == {_QUEUE}


@pytest.mark.parametrize(("policy", "draining"), [("RunOn", False), ("Drain", True)])
def test_a_closing_looks_at_what_runs_and_not_at_what_waits(
    clock: _Clock, policy: str, *, draining: bool
) -> None:
    context = _context(clock, windowEndPolicy=policy)
    context.placement.set(UID, Standing(_MEMBER, Holding(_QUEUE, 1)))
    context.placement.set("other", Standing("team/other/other", Waiting(_QUEUE)))
    clock.now = NOW + timedelta(minutes=30)
    look_at_clock(context)
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    assert queue.draining == draining
    assert len(context.dirty) == 1


@pytest.mark.parametrize(
    ("job", "minutes"),
    [
        (_told(reason="QueueFull"), 30),
        (_told(reason="OutsideWindow", message="an earlier one"), 30),
        (raw_job(), 30),
    ],
    ids=["told something else", "told of another opening", "never told"],
)
async def test_who_waits_is_told_of_a_closing(
    clock: _Clock, job: dict[str, Any], minutes: int
) -> None:
    context = _context(clock, job)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE)))
    told = Announcer(context, cast("Any", None))
    context.placement.on_waiting = told.began_to_wait
    clock.now = NOW + timedelta(minutes=minutes)
    look_at_clock(context)
    assert UID not in context.announce, "there is time"
    clock.now += timedelta(seconds=3)
    await told.announce()
    assert UID in context.announce
    seen = context.mirror.jobs.get(UID)
    assert seen is not None
    status = decide(view_of(context, seen)).status
    reconciling = status.condition("Reconciling")
    assert reconciling is not None
    assert reconciling.reason == "OutsideWindow"
    assert reconciling.message == (
        "queue default is closed: outside its windows; the next opens at 2026-03-02T12:00:00Z "
        "(2026-03-02 12:00 UTC)"
    )
    # And once only.
    on_scanjob(context, "MODIFIED", newer(raw_job(status=status.raw())))
    context.announce.clear()
    context.placement.on_waiting(UID, Standing(_MEMBER, Waiting(_QUEUE)))
    clock.now += timedelta(seconds=3)
    await told.announce()
    assert UID not in context.announce


async def test_who_waits_on_is_told_of_an_opening(clock: _Clock) -> None:
    clock.now = NOW - timedelta(seconds=1)
    context = _context(clock, _told(reason="OutsideWindow"), maxConcurrent=0)
    context.placement.set(UID, Standing(_MEMBER, Waiting(_QUEUE)))
    told = Announcer(context, cast("Any", None))
    context.placement.on_waiting = told.began_to_wait
    clock.now = NOW
    look_at_clock(context)
    clock.now += timedelta(seconds=3)
    await told.announce()
    assert UID in context.announce


def test_windows_that_are_edited_open_wake_admission(clock: _Clock) -> None:
    clock.now = NOW - timedelta(hours=2)
    context = _context(clock)
    on_scanqueue(context, "MODIFIED", newer(raw_queue(windows=[])))
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    assert not queue.held
    assert context.changed_queues == {_QUEUE}


def test_a_window_without_an_end_that_is_looked_at_again_wakes_admission(clock: _Clock) -> None:
    """Nothing is admitted after the time up to which it was known to be open."""
    always = {"start": "* * * * *", "durationSeconds": 60, "timeZone": "UTC"}
    context = _context(clock, windows=[always])
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    clock.now = queue.standing.until
    look_at_clock(context)
    assert context.changed_queues == {_QUEUE}


def test_a_new_status_of_the_queue_is_no_reason_to_reckon(clock: _Clock) -> None:
    context = _context(clock)
    before = context.mirror.queues.named(_QUEUE)
    clock.now += timedelta(minutes=1)
    on_scanqueue(context, "MODIFIED", newer(raw_queue(windows=[_WINDOW], maxConcurrent=1)))
    after = context.mirror.queues.named(_QUEUE)
    assert before is not None
    assert after is not None
    assert after.standing is before.standing
    assert after.max_concurrent == 1


def test_a_clock_that_is_set_back_is_believed(clock: _Clock) -> None:
    context = _context(clock)
    clock.now = NOW - timedelta(minutes=5)
    look_at_clock(context)
    queue = context.mirror.queues.named(_QUEUE)
    assert queue is not None
    assert queue.held
