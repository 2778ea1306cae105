"""Cancelled wherever it is: no slot and no Pod stays behind."""

from __future__ import annotations

from tests.support.handover import assert_slot_is_back, assert_stopped_before, attempts
from tests.support.nodeless import let_no_node_fit, let_nodes_fit
from tests.support.scans import Lab, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import OPEN_TCP, Targets


@side_by_side
def test_cancelled_while_it_waits(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    ahead = lab.submit("ahead", queue="one", **endless(targets.one))
    ahead.reach("Running")
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    scan.reach("Queued")

    scan.change(cancel=True)

    ended = scan.finish()
    assert phase(ended) == "Cancelled"
    assert condition(ended, "Succeeded", "reason") == "Cancelled"
    lab.wait_queue("one", lambda status: (status["running"], status["waiting"]) == (1, 0))
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    ahead.delete()
    assert phase(successor.finish()) == "Succeeded"
    assert attempts(scan.latest()) == []
    assert scan.pod_events() == []


@side_by_side
def test_cancelled_while_no_node_takes_its_pod(lab: Lab, targets: Targets) -> None:
    let_no_node_fit(lab)
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    starting = scan.wait(
        lambda job: condition(job, "Reconciling", "reason") == "Unschedulable", "has no node"
    )
    assert phase(starting) == "Starting"
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    let_nodes_fit(lab)

    scan.change(cancel=True)

    ended = scan.finish()
    assert phase(ended) == "Cancelled"
    assert "summary" not in ended["status"]
    assert_slot_is_back(lab, scan, successor)
    scan.wait_until_pods_are_gone()


@side_by_side
def test_cancelled_while_its_container_is_created(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one))
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    scan.wait_pod(lambda event: bool(event.object["spec"].get("nodeName")), "has a node")

    scan.change(cancel=True)

    assert phase(scan.finish()) == "Cancelled"
    assert_slot_is_back(lab, scan, successor)


@side_by_side
def test_cancelled_while_it_runs(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one))
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    scan.reach("Running")

    scan.change(cancel=True)

    ended = scan.finish()
    assert_stopped_before(scan, ended)
    assert phase(ended) == "Cancelled"
    assert ended["status"]["summary"]["complete"] is False
    assert open_ports(ended).get(targets.one, set()) <= OPEN_TCP
    assert_slot_is_back(lab, scan, successor)
    scan.wait_until_pods_are_gone()
