"""Figures of stats: every ScanJob counted once, times exact, ranks by the definition."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.cli.overview.figures import figures_of, percentile, waited_seconds
from scanyard.lifecycle.job import read_job
from tests.support.objects import at, raw_job

FINISHED = {"type": "Finished", "status": "True"}


def attempt(number: int, admitted: float) -> dict[str, Any]:
    return {"number": number, "queue": "team/default", "admittedAt": at(admitted)}


def ended(phase: str, *, started: float | None, finished: float, **status: Any) -> dict[str, Any]:
    told = {"phase": phase, "conditions": [FINISHED], "finishedAt": at(finished), **status}
    return raw_job(status=told | ({} if started is None else {"startedAt": at(started)}))


def test_outcomes_and_times_of_a_queue() -> None:
    raws = [
        ended("Succeeded", started=10, finished=25, attempts=[attempt(1, 5)]),
        ended("Failed", started=10, finished=110, attempts=[attempt(1, 8), attempt(2, 90)]),
        ended("Cancelled", started=None, finished=3),
        raw_job(),
    ]
    (figures,) = figures_of(map(read_job, raws))
    assert figures.as_json() == {
        "namespace": "team",
        "queue": "default",
        "scans": 4,
        "live": 1,
        "outcomes": {"Succeeded": 1, "Failed": 1, "TimedOut": 0, "Cancelled": 1},
        "waitSeconds": {"count": 2, "p50": 15.0, "p95": 18.0, "max": 18.0},
        "runSeconds": {"count": 2, "p50": 15.0, "p95": 100.0, "max": 100.0},
    }


def test_queues_are_counted_apart() -> None:
    raws = [raw_job(), raw_job(queueRef={"name": "urgent"}), raw_job()]
    found = [(figures.queue, figures.live) for figures in figures_of(map(read_job, raws))]
    assert found == [("default", 2), ("urgent", 1)]


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ({"attempts": []}, None),
        ({"attempts": [attempt(1, 0)]}, 10),
        # Run again or resumed: the wait of that time counts, from when it was put back.
        ({"queuedAt": at(100), "attempts": [attempt(1, 0), attempt(2, 130)]}, 30),
        ({"queuedAt": at(100), "attempts": [attempt(1, 0)]}, None),
        # The first of many attempts is not kept any more.
        ({"attempts": [attempt(4, 300), attempt(5, 400)]}, None),
    ],
)
def test_a_wait_ends_with_the_first_slot(status: dict[str, Any], seconds: float | None) -> None:
    assert waited_seconds(read_job(raw_job(status=status))) == seconds


@given(st.lists(st.integers(0, 99), min_size=1), st.sampled_from([1, 50, 95, 100]))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[int], percent: int
) -> None:
    found = percentile(values, percent)
    assert found in values
    enough = len(values) * percent / 100
    assert sum(value <= found for value in values) >= enough
    assert sum(value < found for value in values) < enough


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 50) is None
