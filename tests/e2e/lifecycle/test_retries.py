"""A failed attempt is tried again, as spec.retry says, and never while the last may still scan."""

from __future__ import annotations

from typing import Final

from tests.support.handover import assert_slot_was_handed_over, assert_stopped_before, attempts
from tests.support.nodeless import let_no_node_fit
from tests.support.scans import Lab, Scan, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import wait_told
from tests.support.watching import Object

_SOON: Final = {"maxAttempts": 2, "backoffSeconds": 1, "maxBackoffSeconds": 1}
#: Full jitter over a day: the next attempt starts in this test once in thousands of runs.
_FAR: Final = {"backoffSeconds": 86_400, "maxBackoffSeconds": 86_400}


@side_by_side
def test_pod_deleted_by_hand_is_scanned_again(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **paced(targets.one, seconds=15), retry=_SOON)

    lab.delete_pod(_running_pod(scan))

    waiting = wait_told(scan, "RetryBackoff", "attempt 1 of 2 failed", "PodDeleted", "ResultLost")
    assert phase(waiting) == "Queued"
    assert waiting["status"]["summary"]["complete"] is False
    assert "queuedAt" not in waiting["status"], "it lost its place"
    _succeeds_the_second_time(scan, targets, first="PodDeleted")


@side_by_side
def test_evicted_pod_is_scanned_again(lab: Lab, targets: Targets) -> None:
    """As by `kubectl drain`."""
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **paced(targets.one, seconds=15), retry=_SOON)
    name = _running_pod(scan)

    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/{lab.name}/pods/{name}/eviction"
    lab.cluster.request("POST", path, eviction).expect()

    wait_told(scan, "RetryBackoff", "attempt 1 of 2 failed (Evicted)")
    _succeeds_the_second_time(scan, targets, first="Evicted")


@side_by_side
def test_container_that_does_not_start_in_time(lab: Lab, targets: Targets) -> None:
    let_no_node_fit(lab)
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit(
        "scan", queue="one", **quick(targets.one), startDeadlineSeconds=5, retry=_SOON
    )

    wait_told(scan, "RetryBackoff", "attempt 1 of 2 failed (StartDeadline)", "nodes are available")
    ended = scan.finish()

    _failed_twice(ended, "Failed", "StartDeadline")
    assert "nodes are available" in condition(ended, "Succeeded", "message")
    scan.wait_until_pods_are_gone()
    lab.wait_idle("one")


@side_by_side
def test_timeout_is_tried_again_when_asked(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    retry = _SOON | {"causes": ["Timeout"]}
    scan = lab.submit("scan", queue="one", **endless(targets.one), timeoutSeconds=10, retry=retry)

    ended = scan.finish(seconds=150)

    _failed_twice(ended, "TimedOut", "TimedOut")
    lab.wait_idle("one")


@side_by_side
def test_cancelled_during_the_back_off(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one), retry=_FAR)
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    lab.delete_pod(_running_pod(scan))
    wait_told(scan, "RetryBackoff")
    assert_slot_was_handed_over(scan, successor)
    assert phase(successor.finish()) == "Succeeded"
    lab.wait_queue("one", lambda status: (status["running"], status["waiting"]) == (0, 1))

    scan.change(cancel=True)

    assert phase(scan.finish(seconds=10)) == "Cancelled"
    assert "retryAt" not in scan.latest()["status"]
    assert len(attempts(scan.latest())) == 1
    lab.wait_idle("one")


@side_by_side
def test_suspended_during_the_back_off(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **paced(targets.one, seconds=15), retry=_FAR)
    lab.delete_pod(_running_pod(scan))
    wait_told(scan, "RetryBackoff")

    scan.change(suspend=True)
    scan.reach("Suspended", seconds=10)
    lab.wait_idle("one")
    scan.change(suspend=False)

    _succeeds_the_second_time(scan, targets, first="PodDeleted")


def _running_pod(scan: Scan) -> str:
    """The name of its Pod, once the scan is shown as running."""
    name: str = attempts(scan.reach("Running"))[-1]["podName"]
    return name


def _succeeds_the_second_time(scan: Scan, targets: Targets, *, first: str) -> None:
    again = scan.wait(lambda job: len(attempts(job)) == 2, "is admitted again")
    assert_stopped_before(scan, again)
    ended = scan.finish(seconds=120)
    assert phase(ended) == "Succeeded"
    told = [(each["number"], each["reason"]) for each in attempts(ended)]
    assert told == [(1, first), (2, "ScanComplete")]
    assert ended["status"]["failures"] == 1
    assert open_ports(ended) == {targets.one: OPEN_TCP}
    assert {event.name for event in scan.pod_events()} == {
        each["podName"] for each in attempts(ended)
    }
    scan.lab.wait_idle("one")


def _failed_twice(job: Object, last: str, reason: str) -> None:
    assert phase(job) == last
    assert [each["reason"] for each in attempts(job)] == [reason, reason]
    assert condition(job, "Succeeded", "reason") == reason
    assert condition(job, "Succeeded", "message").startswith("attempt 2 of 2: ")
