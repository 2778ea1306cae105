"""A scan past its timeout is stopped, and what it found until then is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tests.support.handover import assert_slot_is_back, attempts, stopped, time_of
from tests.support.scans import Lab, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import ONCE, endless, endless_masscan, quick
from tests.support.targets import OPEN_TCP, Targets

_WAIT_SECONDS: Final = 6


@side_by_side
def test_nmap_past_its_timeout_keeps_its_findings(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    first = lab.submit("first", queue="one", **endless(targets.one), timeoutSeconds=25)
    successor = lab.submit("successor", queue="one", **quick(targets.one))

    ended = first.finish()

    assert phase(ended) == "TimedOut"
    assert condition(ended, "Succeeded", "reason") == "TimedOut"
    assert "25 s" in condition(ended, "Succeeded", "message")
    assert ended["status"]["summary"]["complete"] is False
    assert open_ports(ended) == {targets.one: OPEN_TCP}
    assert_slot_is_back(lab, first, successor)


@side_by_side
def test_masscan_past_its_timeout_keeps_its_findings(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    spec = endless_masscan([*targets.addresses], wait_seconds=_WAIT_SECONDS)
    first = lab.submit("first", queue="one", **spec, timeoutSeconds=25)
    successor = lab.submit("successor", queue="one", **quick(targets.one))

    ended = first.finish()

    assert phase(ended) == "TimedOut"
    assert ended["status"]["summary"]["complete"] is False
    found = open_ports(ended)
    assert found, "masscan at a probe a second, half of them to open ports, found none"
    assert found.keys() <= set(targets.addresses)
    assert all(ports <= OPEN_TCP for ports in found.values())
    # masscan waits for late answers before it stops: all that time the slot is not free.
    pod = stopped(first).object
    deadline = time_of(pod["status"]["startTime"]) + timedelta(seconds=25)
    assert time_of(attempts(ended)[0]["endedAt"]) >= deadline + timedelta(seconds=_WAIT_SECONDS)
    assert_slot_is_back(lab, first, successor)


@side_by_side
def test_a_reckoned_timeout_is_the_pods_and_fits_the_scan(lab: Lab, targets: Targets) -> None:
    """200 probes at 20 a second and 3 s for late answers: 13 s."""
    lab.queue("adaptive", defaults={"timeoutPolicy": "Adaptive"})
    scan = lab.submit(
        "scan",
        queue="adaptive",
        scanner="masscan",
        targets=[targets.one],
        ports={"tcp": "1-200"},
        masscan={"packetsPerSecond": 20, "waitSeconds": 3},
    )
    ended = scan.finish()
    assert phase(ended) == "Succeeded"
    (attempt,) = attempts(ended)
    assert attempt["timeoutSeconds"] == 2 * 13 + 120
    assert attempt["timeoutBasis"] == (
        "Adaptive: 2 x 13 s (addresses: 1, ports: 200, packets/s: 20) + 120 s"
    )
    assert scan.pod_events()[0].object["spec"]["activeDeadlineSeconds"] == 146
    ran = _seconds(attempt["startedAt"], attempt["endedAt"])
    # What else the machine does slows masscan down: twice the time and 120 s are there for that.
    assert 0.7 * 13 <= ran <= attempt["timeoutSeconds"], "it takes what was reckoned, and fits"


@side_by_side
def test_a_queue_gives_its_timeout_to_scans_that_state_none(lab: Lab, targets: Targets) -> None:
    lab.queue("short", maxConcurrent=1, defaults={"timeoutSeconds": 20})
    scan = lab.submit("scan", queue="short", **endless(targets.one), **ONCE)
    ended = scan.finish()
    assert phase(ended) == "TimedOut"
    assert condition(ended, "Finished", "message").startswith("stopped after its timeout (20 s); ")
    assert attempts(ended)[0]["timeoutBasis"] == "defaults.timeoutSeconds of queue short"
    lab.wait_idle("short")


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
