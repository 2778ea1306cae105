"""What kopf must have found before its silence means anything."""

from __future__ import annotations

import threading

import pytest
from kopf._cogs.structs.references import Insights, Resource

from scanyard.controller.watch import WatchEndedError, _check


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
