"""A suspended ScanJob holds nothing, and runs again when it is resumed."""

from __future__ import annotations

from tests.support.handover import assert_slot_is_back, assert_stopped_before, attempts
from tests.support.scans import Lab, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import Targets


@side_by_side
def test_suspended_while_it_runs_and_resumed(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one))
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    scan.reach("Running")

    scan.change(suspend=True)

    suspended = scan.reach("Suspended")
    assert_stopped_before(scan, suspended)
    assert condition(suspended, "Finished") == "False"
    assert_slot_is_back(lab, scan, successor)
    assert len(attempts(scan.latest())) == 1, "a suspended ScanJob was started"

    changed = scan.change(suspend=False)

    again = scan.reach("Running", after=changed)
    assert [each["number"] for each in attempts(again)] == [1, 2]
    assert attempts(again)[0]["reason"] == "Suspended"
    scan.delete()
    lab.wait_idle("one")
    scan.wait_until_pods_are_gone()


@side_by_side
def test_suspended_while_it_waits_and_resumed(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    ahead = lab.submit("ahead", queue="one", **endless(targets.one))
    ahead.reach("Running")
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    scan.reach("Queued")

    scan.change(suspend=True)

    scan.reach("Suspended")
    behind = lab.submit("behind", queue="one", **quick(targets.one))
    ahead.delete()
    assert phase(behind.finish()) == "Succeeded", "a suspended ScanJob stands in the way"
    assert scan.pod_events() == []
    scan.change(suspend=False)
    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle("one")


@side_by_side
def test_created_suspended(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **quick(targets.one), suspend=True)
    scan.reach("Suspended")
    other = lab.submit("other", queue="one", **quick(targets.one))
    assert phase(other.finish()) == "Succeeded"
    assert attempts(scan.latest()) == []

    scan.change(suspend=False)

    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle("one")
