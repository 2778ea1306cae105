"""Killed or failed at any request that moves a scan or takes the lead: all guarantees hold."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.crashpoints.points import Point, known_requests
from tests.crashpoints.scenarios import SCENARIOS, Scenario
from tests.crashpoints.stage import Stage

#: What every operator asks when it starts: struck in takeover, and not in each scenario again.
_OF_A_START = (
    "list-",
    "get-leases",
    "create-leases",
    "update-leases",
    "patch-scanqueues",
    "redis-config",
    "redis-rebuild",
)
#: What comes again by the clock: struck once, since a second time is a matter of patience.
_PERIODIC = ("update-leases", "patch-scanqueues")
#: What an idle leader asks every 5 s; that a ScanJob waits, and where, is told after 2 s.
_BY_THE_CLOCK = ("redis-check", "redis-ranks", "redis-line", "announce-scanjobs")


def test_crash_point(point: Point, stage: Stage) -> None:
    scenario = _set(stage, point.scenario)
    scenario.play(stage, point.fault)
    stage.wait_struck(point.fault)
    if point.fault.kills:
        stage.start()
    scenario.afterwards(stage)
    stage.settle()
    stage.judge(scenario.phases, scenario.runs)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_request_is_left_out(name: str, stage: Stage) -> None:
    scenario = _set(stage, name)
    scenario.play(stage, None)
    scenario.last(stage)
    made = _that_count(stage.operator.requests(), scenario)
    scenario.afterwards(stage)
    stage.settle()
    stage.judge(scenario.phases, scenario.runs)
    known = known_requests().get(name)
    assert made == known, f"write into requests.json: {json.dumps({name: made}, indent=2)}"


def _set(stage: Stage, name: str) -> Scenario:
    scenario = SCENARIOS[name]
    stage.kubelet.unscheduled = scenario.unscheduled
    stage.kubelet.endless = scenario.endless
    return scenario


def _that_count(made: Counter[str], scenario: Scenario) -> dict[str, int]:
    """What a scenario is struck in, of all that it asks."""
    left_out = _BY_THE_CLOCK if scenario.takes_over else (*_BY_THE_CLOCK, *_OF_A_START)
    return {
        kind: 1 if kind.startswith(_PERIODIC) else count
        for kind, count in sorted(made.items())
        if not kind.startswith(left_out)
    }
