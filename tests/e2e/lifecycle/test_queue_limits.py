"""A ScanJob that asks for more than its queue allows."""

from __future__ import annotations

from tests.support.handover import attempts
from tests.support.scans import Lab, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import quick
from tests.support.targets import Targets


@side_by_side
def test_a_longer_timeout_than_the_queue_allows_waits_for_a_person(
    lab: Lab, targets: Targets
) -> None:
    lab.queue("short", maxConcurrent=1, limits={"maxTimeoutSeconds": 300})
    scan = lab.submit("scan", queue="short", timeoutSeconds=301, **quick(targets.one))

    told = scan.reach("Queued")

    assert condition(told, "Reconciling", "reason") == "ExceedsLimit"
    message = condition(told, "Reconciling", "message")
    assert "timeoutSeconds 301" in message
    assert "limits.maxTimeoutSeconds 300" in message
    other = lab.submit("other", queue="short", timeoutSeconds=300, **quick(targets.one))
    assert phase(other.finish()) == "Succeeded", "it stands in nobody's way"
    assert attempts(scan.latest()) == []
    lab.change_queue("short", limits={"maxTimeoutSeconds": 301})
    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle("short")
