"""A new rerunToken runs a finished ScanJob again."""

from __future__ import annotations

from tests.support.handover import attempts
from tests.support.scans import Lab, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import OPEN_TCP, Targets


@side_by_side
def test_rerun_of_a_succeeded_scan(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **quick(targets.one), rerunToken="first")
    first = scan.finish()
    assert first["status"]["rerunToken"] == "first"

    changed = scan.change(rerunToken="second")

    again = scan.wait(
        lambda job: phase(job) == "Succeeded" and job["status"].get("rerunToken") == "second",
        "ran again",
        after=changed,
    )
    assert [each["number"] for each in attempts(again)] == [1, 2]
    # To whole seconds, so the next attempt may begin within the one in which the first ended.
    assert attempts(again)[1]["admittedAt"] >= attempts(again)[0]["endedAt"]
    assert again["status"]["finishedAt"] >= first["status"]["finishedAt"]
    assert open_ports(again) == {targets.one: OPEN_TCP}
    assert {event.name for event in scan.pod_events()} == {
        each["podName"] for each in attempts(again)
    }
    lab.wait_idle("one")
    assert attempts(scan.latest()) == attempts(again), "it ran a third time"


@side_by_side
def test_rerun_of_a_cancelled_scan(lab: Lab, targets: Targets) -> None:
    """`cancel` may be taken back together with a new token."""
    lab.queue("one", maxConcurrent=1)
    ahead = lab.submit("ahead", queue="one", **endless(targets.one))
    ahead.reach("Running")
    scan = lab.submit("scan", queue="one", **quick(targets.one), cancel=True)
    assert phase(scan.finish()) == "Cancelled"

    scan.change(cancel=False, rerunToken="again")

    waiting = scan.reach("Queued")
    assert condition(waiting, "Finished") == "False"
    assert "finishedAt" not in waiting["status"]
    ahead.delete()
    assert phase(scan.reach("Succeeded")) == "Succeeded"
    lab.wait_idle("one")
