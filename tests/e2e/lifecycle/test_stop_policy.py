"""A queue that is held, and one that is drained."""

from __future__ import annotations

from tests.support.handover import assert_stopped_before, attempts
from tests.support.scans import Lab, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import Targets


@side_by_side
def test_hold_starts_nothing_and_stops_nothing(lab: Lab, targets: Targets) -> None:
    lab.queue("held", maxConcurrent=2)
    running = lab.submit("running", queue="held", **endless(targets.one))
    running.reach("Running")

    lab.change_queue("held", stopPolicy="Hold")

    lab.wait_queue("held", lambda status: _is_held(status, "Hold"))
    waiting = lab.submit("waiting", queue="held", **quick(targets.one))
    told = waiting.reach("Queued")
    assert condition(told, "Reconciling", "reason") == "QueueHeld"
    lab.wait_queue("held", lambda status: (status["running"], status["waiting"]) == (1, 1))
    assert attempts(waiting.latest()) == []
    lab.change_queue("held", stopPolicy="None")
    assert phase(waiting.finish()) == "Succeeded"
    assert phase(running.latest()) == "Running"
    assert len(attempts(running.latest())) == 1
    running.change(cancel=True)
    lab.wait_idle("held")


@side_by_side
def test_hold_and_drain_puts_running_scans_back(lab: Lab, targets: Targets) -> None:
    lab.queue("drained", maxConcurrent=1)
    scan = lab.submit("scan", queue="drained", **endless(targets.one))
    scan.reach("Running")
    behind = lab.submit("behind", queue="drained", **quick(targets.one))

    changed = lab.change_queue("drained", stopPolicy="HoldAndDrain")

    back = scan.reach("Queued", after=changed)
    assert_stopped_before(scan, back)
    assert attempts(back)[0]["reason"] == "Drained"
    assert condition(back, "Finished") == "False"
    lab.wait_queue("drained", lambda status: (status["running"], status["waiting"]) == (0, 2))
    scan.wait_until_pods_are_gone()
    assert attempts(behind.latest()) == []
    changed = lab.change_queue("drained", stopPolicy="None")
    again = scan.reach("Running", after=changed)
    assert [each["number"] for each in attempts(again)] == [1, 2]
    assert attempts(behind.latest()) == [], "the drained ScanJob lost its place"
    scan.delete()
    assert phase(behind.finish()) == "Succeeded"
    lab.wait_idle("drained")


def _is_held(status: object, policy: str) -> bool:
    reason = condition({"status": status}, "Held", "reason")
    return reason == policy and condition({"status": status}, "Ready") == "False"
