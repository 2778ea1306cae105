"""The ledger is rebuilt from thousands of ScanJobs while the Lease is renewed and events come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanjob
from scanyard.controller.reconcile import reconcile
from tests.support.objects import UID, open_attempt, raw_job
from tests.unit.controller.shell import ApiServer, Ledger, context_of

_MANY = 640


def _yard() -> tuple[Context, dict[str, Any]]:
    """Many that wait, and one, the last of them all, that runs."""
    context = context_of(ApiServer(scanjobs=None))
    for number in range(_MANY):
        raw = raw_job()
        raw["metadata"] |= {"name": f"job-{number}", "uid": f"uid-{number}"}
        on_scanjob(context, "ADDED", raw)
    running = raw_job(status=open_attempt())
    on_scanjob(context, "ADDED", running)
    return context, running


async def _rebuild_beside(context: Context, act: Callable[[], None]) -> list[str]:
    """What the ledger is rebuilt with, while `act` is called whenever there is time to."""

    async def others() -> None:
        while True:
            act()
            await asyncio.sleep(0)

    ledger, task = Ledger(), asyncio.create_task(others())
    await rebuild(context, cast("Any", ledger))
    task.cancel()
    await asyncio.wait([task])
    return ledger.contents


async def test_others_have_their_turn_meanwhile() -> None:
    context, _ = _yard()
    turns: list[None] = []
    contents = await _rebuild_beside(context, lambda: turns.append(None))
    assert len(contents) == _MANY + 1
    assert len(turns) >= _MANY // 64


async def test_one_that_is_deleted_meanwhile_keeps_its_slot() -> None:
    context, running = _yard()
    contents = await _rebuild_beside(context, lambda: on_scanjob(context, "DELETED", running))
    assert f"adopt team/default team/web/{UID} {UID}/0/1" in contents
    assert context.placement.held("team/default") == 1


async def test_one_that_goes_meanwhile_keeps_no_place() -> None:
    context, _ = _yard()
    context.ledger_current = False
    gone = raw_job()
    gone["metadata"] |= {"name": "job-0", "uid": "uid-0"}
    await _next_looks(context)

    async def goes() -> None:
        on_scanjob(context, "DELETED", gone)
        for uid in await _next_looks(context):
            await reconcile(context, uid)

    task = asyncio.create_task(goes())
    contents = await _rebuild_beside(context, lambda: None)
    assert task.done()
    assert any("job-0/uid-0" in words for words in contents)
    first, *others = await _next_looks(context)
    await reconcile(context, first)
    assert context.placement.get("uid-0") is None
    assert context.placement.waiting("team/default") == _MANY - 1
    assert len(others) == _MANY


async def _next_looks(context: Context) -> list[str]:
    """Who is to be looked at now, in order."""
    found = []
    while len(context.dirty):
        async with context.dirty.next() as uid:
            found.append(uid)
    return found
