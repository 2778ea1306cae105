"""Nodes write times, too: one whose clock is wrong frees nothing early and hides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.objects import at, open_attempt, raw_pod
from tests.unit.lifecycle.looking import HELD, look, told

HOUR = 3600.0
LOST = {"lost_nodes": frozenset({"node-1"})}


def pod_of_node(skew: float, *, since: float = -5, **status: Any) -> dict[str, Any]:
    """A Pod that was created and began to run so long ago, by a node with that clock."""
    began = at(since + skew)
    pod = raw_pod(state={"running": {"startedAt": began}}, startTime=began, **status)
    pod["metadata"]["creationTimestamp"] = at(since)
    return pod


def deleted(pod: dict[str, Any]) -> dict[str, Any]:
    pod["metadata"]["deletionTimestamp"] = at(-20)
    return pod


def test_a_slot_of_a_node_that_is_behind_is_held_for_its_whole_time() -> None:
    """It counts the deadline by its own clock: an hour behind at the start and at the end."""
    decision = look(status=open_attempt(), pod=deleted(pod_of_node(-HOUR)), view=LOST)
    assert decision.place == HELD
    assert at(-5 + 3600 + 60 + 60) in told(decision)[1]


def test_the_time_of_a_pod_that_waited_for_a_node_begins_there() -> None:
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(-100)}]
    pod = pod_of_node(-HOUR, since=-2000, conditions=conditions)
    decision = look(status=open_attempt(), pod=deleted(pod), view=LOST)
    assert at(-100 + 3600 + 60 + 60) in told(decision)[1]


@pytest.mark.parametrize("skew", [-HOUR, -20.0, 0.0, HOUR])
def test_a_scan_is_shown_as_running_whatever_its_node_s_clock_says(skew: float) -> None:
    decision = look(status=open_attempt(), pod=pod_of_node(skew))
    assert decision.status.phase == "Running"


@pytest.mark.parametrize("skew", [0.0, 20.0])
def test_a_scan_that_has_just_begun_is_not_shown_yet(skew: float) -> None:
    decision = look(status=open_attempt(), pod=pod_of_node(skew, since=-1))
    assert decision.status.phase == "Starting"
    assert decision.look_again_at is not None
