"""A queue that is held, and one that is drained."""

from __future__ import annotations

from tests.support.handover import attempts
from tests.support.scans import Lab, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import paced, quick
from tests.support.targets import Targets


@side_by_side
def test_hold_starts_nothing_and_stops_nothing(lab: Lab, targets: Targets) -> None:
    lab.queue("held", maxConcurrent=2)
    running = lab.submit("running", queue="held", **paced(targets.one, seconds=12))
    running.reach("Running")

    lab.change_queue("held", stopPolicy="Hold")

    status = lab.wait_queue("held", lambda status: _is_held(status, "Hold"))
    waiting = lab.submit("waiting", queue="held", **quick(targets.one))
    told = waiting.reach("Queued")
    assert condition(told, "Reconciling", "reason") == "QueueHeld"
    assert status["running"] == 1
    assert phase(running.finish()) == "Succeeded"
    lab.wait_queue("held", lambda status: (status["running"], status["waiting"]) == (0, 1))
    assert attempts(waiting.latest()) == []
    lab.change_queue("held", stopPolicy="None")
    assert phase(waiting.finish()) == "Succeeded"
    lab.wait_idle("held")


@side_by_side
def test_hold_and_drain_puts_running_scans_back(lab: Lab, targets: Targets) -> None:
    lab.queue("drained", maxConcurrent=1)
    scan = lab.submit("scan", queue="drained", **paced(targets.one, seconds=12))
    behind = lab.submit("behind", queue="drained", **quick(targets.one))
    scan.reach("Running")

    changed = lab.change_queue("drained", stopPolicy="HoldAndDrain")

    back = scan.reach("Queued", after=changed)
    assert attempts(back)[0]["reason"] == "Drained"
    assert condition(back, "Finished") == "False"
    lab.wait_queue("drained", lambda status: (status["running"], status["waiting"]) == (0, 2))
    assert scan.live_pods() == []
    assert attempts(behind.latest()) == []
    lab.change_queue("drained", stopPolicy="None")
    ended = scan.finish()
    assert phase(ended) == "Succeeded"
    assert [each["number"] for each in attempts(ended)] == [1, 2]
    assert phase(behind.finish()) == "Succeeded"
    second, first = attempts(behind.latest())[0], attempts(ended)[1]
    assert first["admittedAt"] < second["admittedAt"], "the drained ScanJob lost its place"
    lab.wait_idle("drained")


def _is_held(status: object, policy: str) -> bool:
    reason = condition({"status": status}, "Held", "reason")
    return reason == policy and condition({"status": status}, "Ready") == "False"
