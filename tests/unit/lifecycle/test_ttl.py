"""When a finished ScanJob is deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.timing.ttl import delete_at
from tests.support.objects import NOW, at, condition, open_attempt, raw_job, raw_queue

_DONE: Final = {
    "observedGeneration": 1,
    "phase": "Succeeded",
    "finishedAt": at(0),
    "conditions": [condition("Finished", "ScanComplete")],
}


def _due(
    ttl: int | None = None,
    *,
    default: int | None = None,
    status: dict[str, Any] | None = None,
    uid: str = "u",
    **spec: Any,
) -> datetime | None:
    if ttl is not None:
        spec["ttlSecondsAfterFinished"] = ttl
    job = raw_job(status=_DONE if status is None else status, **spec)
    job["metadata"]["uid"] = uid
    queue: dict[str, Any] = (
        {} if default is None else {"defaults": {"ttlSecondsAfterFinished": default}}
    )
    return delete_at(read_job(job), read_queue(raw_queue(**queue)))


def _between(due: datetime | None, first: float, last: float) -> bool:
    assert due is not None
    return NOW + timedelta(seconds=first) <= due <= NOW + timedelta(seconds=last)


def test_it_counts_from_the_end() -> None:
    assert _between(_due(100), 100, 110)


def test_zero_is_at_once() -> None:
    assert _due(0) == NOW


def test_nobody_said_so() -> None:
    assert _due() is None


def test_the_queue_says_so_where_the_scanjob_does_not() -> None:
    assert _between(_due(default=1000), 1000, 1060)
    assert _between(_due(5, default=1000), 5, 6)
    assert _between(_due(0, default=1000), 0, 0)


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        ({"phase": "Queued"}, {}),
        (open_attempt(), {}),
        (_DONE | open_attempt(), {}),
        (_DONE, {"rerunToken": "again"}),
    ],
    ids=["waits", "runs", "an attempt is open", "is about to run again"],
)
def test_only_what_is_finished_for_good(status: dict[str, Any], spec: dict[str, Any]) -> None:
    assert _due(5, status=status, **spec) is None


def test_thousands_are_spread_and_each_keeps_its_time() -> None:
    offsets = []
    for number in range(2000):
        due = _due(86_400, uid=f"uid-{number}")
        assert due is not None
        assert due == _due(86_400, uid=f"uid-{number}")
        offsets.append((due - NOW) / timedelta(seconds=1) - 86_400)
    assert min(offsets) >= 0
    assert max(offsets) <= 60
    for second in range(0, 60, 10):
        inside = sum(second <= offset < second + 10 for offset in offsets)
        assert 230 < inside < 440, "a sixth of them, in each sixth of the minute"
