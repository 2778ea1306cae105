"""The end of anything that a leader does is the end of its process, whatever hangs."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from scanyard.controller import main
from scanyard.controller.probes import Probes
from scanyard.kube.lease import LeaseLostError
from scanyard.kube.server_clock import ServerClock
from scanyard.settings import Settings


async def test_a_task_that_does_not_end_keeps_neither_the_lease_nor_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Renewed by a process in which nothing else goes on, it would stop all scans for ever."""
    exited, renewing = asyncio.Event(), asyncio.Event()
    codes, seen = [], []

    async def keep() -> NoReturn:
        renewing.set()
        try:
            await asyncio.Event().wait()
        finally:
            renewing.clear()
        raise AssertionError

    async def stubborn() -> NoReturn:
        while not exited.is_set():
            with suppress(asyncio.CancelledError):
                await exited.wait()
        raise asyncio.CancelledError

    async def failing() -> NoReturn:
        await renewing.wait()
        raise LeaseLostError("for a moment")

    async def known(*_: object) -> list[object]:
        return []

    def exit_now(code: int) -> None:
        codes.append(code)
        seen.append(renewing.is_set())
        exited.set()

    monkeypatch.setattr(main, "_wait_for_api", known)
    monkeypatch.setattr(main, "_tasks", lambda *_: [stubborn(), failing()])
    monkeypatch.setattr(main, "_STOP_SECONDS", 0.05)
    monkeypatch.setattr(os, "_exit", exit_now)
    unused = cast("Any", None)
    leadership = cast("Any", SimpleNamespace(fence=7, keep=keep))
    with pytest.raises(ExceptionGroup) as caught:
        await main._work(Settings(), Probes(), unused, unused, leadership, ServerClock())
    assert caught.group_contains(LeaseLostError)
    assert (codes, seen) == ([1], [False])


async def test_a_task_that_ends_as_cancelled_though_nobody_did_ends_all() -> None:
    """A group of tasks takes no notice of it: an operator would go on without its admission."""

    async def of_another() -> NoReturn:
        raise asyncio.CancelledError

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(main._never_ending(of_another()))
            group.create_task(main._never_ending(asyncio.Event().wait()))

    with pytest.raises(ExceptionGroup) as caught:
        await all_of_them()
    assert "nobody cancelled" in str(caught.value.exceptions[0])
