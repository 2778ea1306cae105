"""A queue outside its windows: it admits nothing, says so, and drains if that is its policy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.decision import Waiting, Wish, wish_of
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import Queue, read_queue, seen_at
from tests.support.objects import NOW, open_attempt, raw_job, raw_pod, raw_queue, terminated
from tests.support.objects import report as scan_report
from tests.unit.lifecycle.looking import look

#: NOW is a noon.
_OPEN: Final = {"start": "30 11 * * *", "durationSeconds": 3600, "timeZone": "UTC"}
_CLOSED: Final = {"start": "0 13 * * *", "durationSeconds": 3600, "timeZone": "Europe/Berlin"}
_BAD: Final = {"start": "0 13 * * *", "durationSeconds": 3600, "timeZone": "Mars/Olympus"}


def queue_at(now: datetime = NOW, *windows: dict[str, Any], **spec: Any) -> Queue:
    return seen_at(read_queue(raw_queue(windows=list(windows), **spec)), now)


def test_it_admits_only_while_a_window_is_open() -> None:
    job = read_job(raw_job())
    assert admit(job, queue_at(NOW, _OPEN), fence=7, now=NOW) is not None
    # In Berlin it is 13:00.
    assert admit(job, queue_at(NOW, _CLOSED), fence=7, now=NOW) is not None
    before = NOW - timedelta(seconds=1)
    assert admit(job, queue_at(before, _CLOSED), fence=7, now=before) is None
    assert admit(job, queue_at(NOW, _BAD, _OPEN), fence=7, now=NOW) is None


def test_a_window_that_ended_since_the_last_look_admits_nothing() -> None:
    queue = queue_at(NOW, _OPEN)
    end = NOW + timedelta(minutes=30)
    job = read_job(raw_job())
    assert admit(job, queue, fence=7, now=end - timedelta(seconds=1)) is not None
    assert admit(job, queue, fence=7, now=end) is None


def test_windows_that_nobody_has_judged_yet_admit_nothing_and_end_nothing() -> None:
    queue = read_queue(raw_queue(windows=[_OPEN], windowEndPolicy="Drain"))
    assert queue.held
    assert not queue.draining
    assert admit(read_job(raw_job()), queue, fence=7, now=NOW) is None


_LATE: Final = NOW - timedelta(hours=3)


@pytest.mark.parametrize(
    ("windows", "policy", "wish"),
    [
        ([_OPEN], "Drain", Wish.DRAIN),
        ([_OPEN], "RunOn", Wish.RUN),
        ([_BAD], "Drain", Wish.RUN),
        ([], "Drain", Wish.RUN),
        ([{**_OPEN, "start": "30 8 * * *"}], "Drain", Wish.RUN),
    ],
    ids=["drains", "runs on", "a typing error ends nothing", "no windows", "open"],
)
def test_what_runs_when_it_closes(windows: list[Any], policy: str, wish: Wish) -> None:
    queue = queue_at(_LATE, *windows, windowEndPolicy=policy)
    assert wish_of(read_job(raw_job()), queue) is wish


def test_a_drained_scan_keeps_its_place_and_does_not_count() -> None:
    interrupted = terminated(scan_report(complete=False), exit_code=130)
    queue = {"windows": [{**_OPEN, "start": "0 20 * * *"}], "windowEndPolicy": "Drain"}
    decision = look(status=open_attempt(), pod=raw_pod(state=interrupted), queue=queue)
    assert decision.place == Waiting("team/default")
    assert decision.status.attempts[-1].reason == "Drained"
    assert (decision.status.failures, decision.status.queued_at) == (0, None)


@pytest.mark.parametrize(
    ("spec", "state", "words"),
    [
        ({"windows": [_OPEN]}, "Admitting", "until its window ends at 2026-03-01T12:30:00Z"),
        (
            {"windows": [{**_CLOSED, "start": "0 22 * * *"}]},
            "OutsideWindow",
            "opens at 2026-03-01T21:00:00Z (2026-03-01 22:00 Europe/Berlin)",
        ),
        ({"windows": [_BAD]}, "InvalidWindow", "windows[0].timeZone cannot be read"),
        ({"windows": [_BAD], "stopPolicy": "Hold"}, "Held", "stopPolicy Hold"),
        ({}, "Admitting", "as slots come free"),
    ],
)
def test_the_queue_says_so(spec: dict[str, Any], state: str, words: str) -> None:
    queue = seen_at(read_queue(raw_queue(**spec)), NOW)
    told = {item["type"]: item for item in queue_conditions(queue, ledger_trouble="", now=NOW)}
    assert told["Ready"]["reason"] == state
    assert words in told["Ready"]["message"]
    assert (told["Ready"]["status"] == "True") is (state == "Admitting")
    assert (told["Held"]["status"] == "True") is ("stopPolicy" in spec), "nobody holds it"


def test_redis_is_told_first() -> None:
    queue = queue_at(NOW, _BAD)
    told = queue_conditions(queue, ledger_trouble="Redis does not answer", now=NOW)
    assert {item["type"]: item["reason"] for item in told}["Ready"] == "LedgerUnavailable"
