"""A scanner is asked to stop once, and killed when it does not."""

from __future__ import annotations

import signal

import pytest

from scanyard.runner.stopping import StopPlan


def _timeline(plan: StopPlan, seconds: int) -> list[tuple[int, int]]:
    return [(now, due) for now in range(seconds) if (due := plan.due(float(now))) is not None]


def test_nothing_is_due_before_it_begins() -> None:
    plan = StopPlan("nmap", 50)
    assert _timeline(plan, 100) == []
    assert not plan.stopping


@pytest.mark.parametrize(
    ("scanner", "stop_seconds", "expected"),
    [
        ("nmap", 50, [(0, signal.SIGINT), (50, signal.SIGKILL)]),
        ("masscan", 50, [(0, signal.SIGINT), (28, signal.SIGINT), (50, signal.SIGKILL)]),
        ("masscan", 20, [(0, signal.SIGINT), (10, signal.SIGINT), (20, signal.SIGKILL)]),
    ],
)
def test_what_is_sent_when(
    scanner: str, stop_seconds: int, expected: list[tuple[int, int]]
) -> None:
    plan = StopPlan(scanner, stop_seconds)
    plan.begin("Interrupted", 0.0)
    assert _timeline(plan, 100) == expected


def test_a_second_request_changes_nothing() -> None:
    plan = StopPlan("nmap", 50)
    plan.begin("WatchdogExpired", 0.0)
    assert plan.due(0.0) == signal.SIGINT
    plan.begin("Interrupted", 1.0)
    assert plan.due(1.0) is None
    assert plan.reason == "WatchdogExpired"
