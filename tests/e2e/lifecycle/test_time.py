"""ScanJobs that start not before a time, and queues that open and close."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.handover import assert_stopped_before, attempts
from tests.support.scans import Lab, Scan, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, paced, quick
from tests.support.targets import Targets


@side_by_side
def test_a_scanjob_starts_not_before_its_time(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    time = _now().replace(microsecond=0) + timedelta(seconds=10)
    scan = lab.submit("scan", queue="one", notBefore=_text(time), **quick(targets.one))
    waiting = scan.wait(lambda job: _reason(job) == "NotBefore", "is told why it waits")
    assert _text(time) in condition(waiting, "Reconciling", "message")
    assert attempts(waiting) == []
    other = lab.submit("other", queue="one", **quick(targets.one))
    assert phase(other.finish()) == "Succeeded", "who waits for a time stands in nobody's way"

    done = scan.finish()

    assert phase(done) == "Succeeded"
    assert _time(attempts(done)[0]["admittedAt"]) >= time
    assert done["status"]["queuedAt"] == _text(time)
    created = [event.object["metadata"]["creationTimestamp"] for event in scan.pod_events()]
    assert all(_time(text) >= time for text in created)
    lab.wait_idle("one")


@side_by_side
def test_a_closed_queue_admits_nothing_until_its_windows_are_changed(
    lab: Lab, targets: Targets
) -> None:
    opens = (_now() + timedelta(hours=12)).replace(minute=0, second=0, microsecond=0)
    lab.queue("night", windows=[_window(opens, 3600)])
    scan = lab.submit("scan", queue="night", **quick(targets.one))

    told = scan.wait(lambda job: _reason(job) == "OutsideWindow", "is told why it waits")

    assert phase(told) == "Queued"
    assert f"the next opens at {_text(opens)}" in condition(told, "Reconciling", "message")
    status = lab.wait_queue("night", _is("OutsideWindow"))
    assert _text(opens) in condition({"status": status}, "Ready", "message")
    assert "OutsideWindow" in lab.namespace.kubectl("get", "scanqueue/night")
    assert attempts(scan.latest()) == []
    lab.change_queue("night", windows=[_window(_now(), 3600)])
    assert phase(scan.finish()) == "Succeeded"
    lab.wait_queue("night", _is("Admitting"))
    lab.wait_idle("night")


@side_by_side
def test_a_window_that_cannot_be_read_is_told_and_mended(lab: Lab, targets: Targets) -> None:
    window = _window(_now(), 3600)
    lab.queue("typo", windows=[window | {"timeZone": "Mars/Olympus"}])
    scan = lab.submit("scan", queue="typo", **quick(targets.one))
    status = lab.wait_queue("typo", _is("InvalidWindow"))
    assert "windows[0].timeZone" in condition({"status": status}, "Ready", "message")
    scan.wait(lambda job: _reason(job) == "OutsideWindow", "is told why it waits")
    assert attempts(scan.latest()) == []

    lab.change_queue("typo", windows=[window])

    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle("typo")


@side_by_side
def test_at_the_end_of_its_window_a_queue_drains(lab: Lab, targets: Targets) -> None:
    window, end = _closing_in(75)
    lab.queue("day", windows=[window], windowEndPolicy="Drain", maxConcurrent=1)
    scan = lab.submit("scan", queue="day", **endless(targets.one))
    running = scan.reach("Running")

    back = scan.reach("Queued", seconds=150, after=int(running["metadata"]["resourceVersion"]))

    assert_stopped_before(scan, back)
    (attempt,) = attempts(back)
    assert attempt["reason"] == "Drained"
    assert _time(attempt["endedAt"]) >= end, "its window was open"
    assert "failures" not in back["status"]
    scan.wait(lambda job: _reason(job) == "OutsideWindow", "is told why it waits")
    lab.wait_queue("day", lambda told: _is("OutsideWindow")(told) and told.get("running") == 0)
    assert len(attempts(scan.latest())) == 1
    changed = lab.change_queue("day", windows=[])
    again = scan.reach("Running", after=changed)
    assert [each["number"] for each in attempts(again)] == [1, 2]
    scan.delete()
    lab.wait_idle("day")


@side_by_side
def test_at_the_end_of_its_window_a_queue_lets_run_on(lab: Lab, targets: Targets) -> None:
    window, end = _closing_in(60)
    lab.queue("day", windows=[window])
    scan = lab.submit("scan", queue="day", **paced(targets.one, seconds=90))
    scan.reach("Running")
    lab.wait_queue("day", _is("OutsideWindow"), seconds=90)
    late = lab.submit("late", queue="day", **quick(targets.one))
    late.wait(lambda job: _reason(job) == "OutsideWindow", "is told why it waits")

    done = scan.finish(seconds=150)

    assert phase(done) == "Succeeded"
    assert len(attempts(done)) == 1
    assert _time(done["status"]["finishedAt"]) > end
    assert attempts(late.latest()) == []
    _let_go(lab, "day", late)


def _let_go(lab: Lab, queue: str, scan: Scan) -> None:
    lab.change_queue(queue, windows=[])
    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle(queue)


def _closing_in(seconds: int) -> tuple[dict[str, Any], datetime]:
    """A window that opened with this minute and ends so many seconds from now, and when it does."""
    now = _now()
    open_for = now.second + seconds
    begin = now.replace(second=0, microsecond=0)
    return _window(begin, open_for), begin + timedelta(seconds=open_for)


def _window(start: datetime, seconds: int) -> dict[str, Any]:
    schedule = f"{start.minute} {start.hour} * * *"
    return {"start": schedule, "durationSeconds": seconds, "timeZone": "UTC"}


def _is(state: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda status: condition({"status": status}, "Ready", "reason") == state


def _reason(job: Mapping[str, Any]) -> str:
    return condition(job, "Reconciling", "reason")


def _now() -> datetime:
    return datetime.now(UTC)


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
