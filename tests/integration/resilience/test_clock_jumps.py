"""Replicas whose wall clocks jump by an hour, or are two hours apart.

A real operator against a real API server; only CLOCK_REALTIME of the operator is turned.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from scanyard.lifecycle.timestamps import parse_time
from tests.chaos.replicas import LEASE, Replica, Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, condition, phase

HOUR: Final = timedelta(hours=1)
#: What a scan asks for; its own failures are tried again, up to an hour later.
_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}


class Yard:
    """One of each that time decides about: all of them must stay as they are.

    `runs` holds the only slot of its queue, `waits` waits for it. `lost` held another until its
    Pod was deleted by force, so its slot is held for 70 s; `behind` waits for that. `parked` has
    failed and is tried again in up to an hour. `starts` finds no node for its Pod.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.kubelet = Kubelet(lab)
        lab.queue("one", maxConcurrent=1)
        lab.queue("held", maxConcurrent=1)
        lab.queue("many", maxConcurrent=20)
        self.runs = self._running("runs", "one")
        self.waits = self.submit("waits", "one")
        self.lost = self._running("lost", "held")
        self.behind = self.submit("behind", "held")
        self.starts = self.submit("starts", "many")
        self.parked = self.fail("parked", seconds=3600)
        lab.delete_pod(self._pod(self.lost), gracePeriodSeconds=0)
        self.lost.wait(lambda job: "SlotHeldNodeLost" in str(job["status"]), "holds its slot")

    def submit(self, name: str, queue: str = "many", **spec: Any) -> Scan:
        """A ScanJob whose Pod does nothing yet."""
        return self.lab.submit(name, queue=queue, **_SPEC | spec)

    def fail(self, name: str, *, seconds: int) -> Scan:
        """A ScanJob that has failed once, and is tried again in up to so many seconds."""
        times = {"backoffSeconds": seconds, "maxBackoffSeconds": seconds}
        scan = self._running(name, "many", retry=times | {"causes": ["ScannerError"]})
        self.kubelet.stop(name)
        scan.wait(lambda job: "retryAt" in job["status"], "is to be tried again")
        return scan

    def finish(self, scan: Scan) -> None:
        """Let a running scan end."""
        self.kubelet.finish(scan.name)
        assert phase(scan.finish()) == "Succeeded"

    def scan(self, name: str) -> Scan:
        """A whole scan, from its creation to its end."""
        scan = self._running(name, "many")
        self.finish(scan)
        return scan

    def touch(self) -> None:
        """Let the operator look at every ScanJob."""
        note = {"metadata": {"annotations": {"touched": str(time.monotonic())}}}
        for name in ("waits", "lost", "behind", "starts", "parked"):
            self.lab.namespace.patch("scanjobs", name, note).expect()

    def admitted(self, scan: Scan, number: int = 1, *, seconds: float = 60) -> dict[str, Any]:
        """That attempt, as soon as it is there."""
        job = scan.wait(
            lambda job: len(attempts(job)) >= number, f"has attempt {number}", seconds=seconds
        )
        return attempts(job)[number - 1]

    def assert_nothing_came_early(self) -> None:
        """Neither a slot, nor an attempt, nor an end."""
        assert attempts(self.waits.latest()) == []
        assert attempts(self.behind.latest()) == []
        for scan in (self.runs, self.lost, self.starts):
            (attempt,) = attempts(scan.latest())
            assert "endedAt" not in attempt, scan.name
        parked = self.parked.latest()
        retry_at = parse_time(parked["status"].get("retryAt"))
        early = len(attempts(parked)) > 1 or retry_at is None
        assert not early or datetime.now(UTC) > (retry_at or datetime.max.replace(tzinfo=UTC))

    def _running(self, name: str, queue: str, **spec: Any) -> Scan:
        scan = self.submit(name, queue, **spec)
        scan.wait_pod(lambda event: event.type == "ADDED", "is there")
        self.kubelet.run(name)
        return scan

    def _pod(self, scan: Scan) -> str:
        return str(attempts(scan.latest())[-1]["podName"])


@pytest.fixture
def yard(lab: Lab) -> Yard:
    """Everything in place."""
    return Yard(lab)


def leader_of(replicas: Replicas) -> Replica:
    """The replica that leads."""
    found = eventually(replicas.leader, lambda leader: leader is not None, seconds=20)
    assert found is not None
    return found


def other_than(first: Replica, replicas: Replicas) -> Replica:
    """The other replica."""
    return next(each for each in replicas.all if each is not first)


def assert_is_now(text: str) -> None:
    """That a time was taken by the right clock, not long ago."""
    told = parse_time(text)
    assert told is not None
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=20), text


def assert_works_by_the_right_clock(yard: Yard, name: str) -> None:
    """The operator looks at everything and carries out a scan; nothing comes early.

    And the times that it tells are right.
    """
    yard.touch()
    done = yard.scan(name).latest()
    yard.assert_nothing_came_early()
    assert_is_now(attempts(done)[0]["admittedAt"])
    assert_is_now(done["status"]["finishedAt"])
    for item in done["status"]["conditions"]:
        assert_is_now(item["lastTransitionTime"])
    lease = yard.lab.cluster.request("GET", LEASE).expect()["spec"]
    assert_is_now(lease["renewTime"])


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_jumps_frees_nothing_early_and_delays_nothing(
    jump: timedelta, yard: Yard, replicas: Replicas
) -> None:
    leader = leader_of(replicas)
    soon = yard.fail("soon", seconds=4)
    never = yard.submit("never", startDeadlineSeconds=5, retry={"maxAttempts": 1})
    yard.admitted(never)

    leader.clock.turn(jump)

    eventually(leader.said, lambda said: "this machine's clock differs by" in said, seconds=30)
    assert_works_by_the_right_clock(yard, "after")
    again = parse_time(yard.admitted(soon, 2)["admittedAt"])
    assert again is not None
    (retry_at,) = {
        event.object["status"]["retryAt"]
        for event in yard.lab.scanjobs.events("soon")
        if "retryAt" in event.object["status"]
    }
    assert again >= (parse_time(retry_at) or again)
    assert condition(never.finish(seconds=60), "Succeeded") == "False"
    assert "startDeadlineSeconds" in str(never.latest()["status"])
    leader.clock.turn(timedelta(0))
    assert_works_by_the_right_clock(yard, "set-right")
    yard.finish(yard.runs)
    yard.admitted(yard.waits)
    assert leader_of(replicas) is leader, leader.said()
    assert replicas.ends == {}


def test_failovers_between_clocks_two_hours_apart_change_nothing(
    yard: Yard, replicas: Replicas
) -> None:
    fences = []
    for turn, ahead in enumerate([HOUR, -HOUR]):
        first = leader_of(replicas)
        second = other_than(first, replicas)
        first.clock.turn(ahead)
        second.clock.turn(-ahead)
        assert_works_by_the_right_clock(yard, f"before-{turn}")

        first.end()

        eventually(lambda: replicas.leader() is second, bool, seconds=40)  # noqa: B023
        assert_works_by_the_right_clock(yard, f"after-{turn}")
        done = yard.lab.namespace.get("scanjobs", f"after-{turn}")
        fences.append(attempts(done)[0]["fence"])
        first.revive()
    assert fences[0] < fences[1]
    yard.finish(yard.runs)
    yard.admitted(yard.waits)


def test_a_lease_made_anew_by_a_clock_that_is_behind_has_a_higher_number(
    lab: Lab, replicas: Replicas
) -> None:
    """Its number is a time, and must be above all before it, or the ledger refuses the leader."""
    lab.queue("many")
    first = leader_of(replicas)
    second = other_than(first, replicas)
    second.clock.turn(-HOUR)
    cluster = replicas.cluster
    before = cluster.request("GET", LEASE).expect()["spec"]["leaseTransitions"]

    first.end()
    cluster.request("DELETE", LEASE).expect()

    eventually(lambda: replicas.leader() is second, bool, seconds=40)
    lease = cluster.request("GET", LEASE).expect()["spec"]
    assert lease["leaseTransitions"] > before
    scan = lab.submit("scan", queue="many", **_SPEC)
    scan.wait_pod(lambda event: event.type == "ADDED", "is there")
    assert second.revive() == "", "it was refused by nobody"
