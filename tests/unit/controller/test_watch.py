"""When kopf begins, and what it must have found before its silence means anything."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from kopf._cogs.structs.references import Insights, Resource

from scanyard.controller import watch as watching
from scanyard.controller.context import Context
from scanyard.controller.watch import WatchEndedError, _check, watch
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW


def _insights(*found: Resource) -> Insights:
    insights = Insights()
    insights.watched_resources.update(found)
    insights.ready_resources.set()
    return insights


PODS = Resource("", "v1", "pods")
OURS = [Resource("scanyard.dev", "v1alpha1", plural) for plural in ("scanjobs", "scanqueues")]


async def test_resources_that_the_api_server_did_not_know_yet_end_kopf() -> None:
    """It asks only once: an operator that went on would never hear of a ScanJob."""
    stop = threading.Event()
    with pytest.raises(WatchEndedError, match="did not know scanjobs, scanqueues"):
        await _check(_insights(PODS), stop)
    assert stop.is_set()


async def test_with_all_resources_found_it_goes_on() -> None:
    stop = threading.Event()
    await _check(_insights(PODS, *OURS), stop)
    assert not stop.is_set()


async def test_it_begins_only_when_everything_has_been_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new leader's first admission must not wait for kopf's lists of the same objects."""
    begun = threading.Event()

    async def kopf(*_: Any) -> None:
        begun.set()

    monkeypatch.setattr(watching, "_kopf", kopf)
    unused = cast("Any", None)
    context = Context(Settings(), unused, unused, 7, DenyList(()), lambda: NOW)
    task = asyncio.create_task(watch(context))
    await asyncio.wait({task}, timeout=0.05)
    assert not begun.is_set()

    context.listed.set()

    with pytest.raises(WatchEndedError):
        await task
    assert begun.is_set()
