"""ScanJobs and Pods that somebody deletes while the scan runs."""

from __future__ import annotations

import re

from tests.support.handover import assert_slot_is_back, assert_slot_was_handed_over, attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, condition, phase
from tests.support.side_by_side import begins_first, side_by_side
from tests.support.specs import ONCE, endless, quick
from tests.support.targets import Targets


@side_by_side
@begins_first
def test_pod_deleted_by_force(lab: Lab, targets: Targets) -> None:
    """The object is gone and proves nothing: the slot is held for as long as the scan may live."""
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one), **ONCE)
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    pod = scan.running()

    lab.delete_pod(pod["metadata"]["name"], gracePeriodSeconds=0)

    held = scan.wait(
        lambda job: condition(job, "Reconciling", "reason") == "SlotHeldNodeLost", "holds its slot"
    )
    assert attempts(successor.latest()) == []
    ended = scan.finish(seconds=120)
    assert phase(ended) == "Failed"
    assert condition(ended, "Succeeded", "reason") in {"PodDeleted", "ResultLost"}
    admitted = successor.wait(lambda job: bool(attempts(job)), "is admitted")
    admitted_at = attempts(admitted)[0]["admittedAt"]
    told = re.search(r"held until (\S+)Z", condition(held, "Reconciling", "message"))
    assert told is not None
    assert admitted_at[: len("2026-01-01T00:00:00")] >= told[1]
    assert phase(successor.finish()) == "Succeeded"
    lab.wait_idle("one")


@side_by_side
def test_pod_deleted_by_hand(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one), **ONCE)
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    pod = scan.running()

    lab.delete_pod(pod["metadata"]["name"])

    ended = scan.finish()
    assert phase(ended) == "Failed"
    assert condition(ended, "Succeeded", "reason") == "PodDeleted"
    assert attempts(ended)[0]["reason"] == "PodDeleted"
    assert_slot_is_back(lab, scan, successor)
    assert len(attempts(scan.latest())) == 1, "it was started again"


@side_by_side
def test_scanjob_deleted_while_it_runs(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one))
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    scan.running()

    scan.delete()

    assert_slot_was_handed_over(scan, successor)
    scan.wait_until_pods_are_gone()
    assert phase(successor.finish()) == "Succeeded"
    lab.wait_idle("one")


@side_by_side
def test_scanjob_deleted_while_it_waits(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    ahead = lab.submit("ahead", queue="one", **endless(targets.one))
    ahead.reach("Running")
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    scan.reach("Queued")

    scan.delete()

    lab.wait_queue("one", lambda status: (status["running"], status["waiting"]) == (1, 0))
    ahead.delete()
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    assert phase(successor.finish()) == "Succeeded"
    assert scan.pod_events() == []
    lab.wait_idle("one")


@side_by_side
def test_namespace_deleted_and_made_again(lab: Lab, targets: Targets) -> None:
    """Nothing of it stays in the ledger: a queue of the same name begins with all its slots."""
    lab.queue("one", maxConcurrent=1)
    running = lab.submit("running", queue="one", **endless(targets.one))
    lab.submit("waiting", queue="one", **quick(targets.one)).reach("Queued")
    running.running()

    path = f"/api/v1/namespaces/{lab.name}"
    lab.cluster.request("DELETE", path).expect()
    eventually(lambda: lab.cluster.request("GET", path).code, lambda code: code == 404, seconds=120)

    body = {"metadata": {"name": lab.name, "labels": {"scanyard.dev/test": "true"}}}
    lab.cluster.request("POST", "/api/v1/namespaces", body).expect()
    lab.queue("one", maxConcurrent=1)
    again = lab.submit("again", queue="one", **quick(targets.one))
    assert phase(again.finish()) == "Succeeded"
    lab.wait_idle("one")
