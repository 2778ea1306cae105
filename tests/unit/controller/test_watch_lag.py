"""Own writes must come back by the watch."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from scanyard.controller import queue_status, watch_lag
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanjob, on_scanqueue
from scanyard.controller.queue_status import QueueReporter
from scanyard.controller.status_writer import write_status
from scanyard.controller.watch import _take
from scanyard.controller.watch_lag import WatchLag
from tests.support.objects import raw_job
from tests.unit.controller.shell import ApiServer, context_of


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_oldest_write_that_has_not_come_back_tells() -> None:
    clock = _Clock()
    lag = WatchLag(clock)
    assert lag.seconds() == 0
    lag.wrote("a", 5)
    clock.now = 3.0
    lag.wrote("b", 6)
    lag.wrote("a", 7)
    assert lag.seconds() == 3, "of a there was no word yet"
    lag.heard("a", 5)
    assert lag.seconds() == 3, "that was not the last of it"
    lag.heard("a", 9)
    clock.now = 4.0
    assert lag.seconds() == 1
    lag.heard("b", 4, deleted=True)
    assert lag.seconds() == 0
    lag.wrote("c", 10)
    lag.forget("c")
    clock.now = 9.0
    assert lag.seconds() == 0


def test_what_others_write_is_no_lag() -> None:
    lag = WatchLag(_Clock())
    lag.heard("a", 5)
    assert lag.seconds() == 0


class _QuickWatch(ApiServer):
    """Tells of a write before it answers it."""

    context: Context

    async def patch_status(self, resource: Any, *arguments: Any) -> dict[str, Any]:
        changed = await super().patch_status(resource, *arguments)
        handler = {"scanjobs": on_scanjob, "scanqueues": on_scanqueue}[resource.plural]
        event: Any = {"type": "MODIFIED", "object": changed}
        _take(self.context, handler, event)
        return changed


async def test_an_event_that_was_quicker_than_the_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_status, "_EVERY_SECONDS", 0.01)
    api = _QuickWatch(scanjobs=raw_job())
    context = api.context = context_of(api)
    (job,) = (context.mirror.jobs.get(uid) for uid in context.mirror.jobs.uids())
    assert job is not None
    await write_status(context, job, replace(job.status, phase="Queued"))
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await QueueReporter(context).report_for_ever()
    assert {plural for plural, verb in api.asked if verb == "patch"} == {"scanjobs", "scanqueues"}
    assert {plural: lag.seconds() for plural, lag in context.lags.items()} == dict.fromkeys(
        context.lags, 0.0
    )


def test_a_watch_that_is_dead_for_long_costs_no_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_lag, "_REMEMBERED", 3)
    clock = _Clock()
    lag = WatchLag(clock)
    for number in range(10):
        lag.wrote(f"{number}", number)
    clock.now = 2.0
    assert len(lag._wrote) == 3
    assert lag.seconds() == 2
