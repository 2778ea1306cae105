"""The leader dies, freezes or is moved, and the other replica goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.support.audit_watch import Audit
from tests.support.installed_redis import InstalledRedis
from tests.support.operator_process import Leader, OperatorProcess
from tests.support.scans import Lab, Scan
from tests.support.specs import quick
from tests.support.targets import Targets

_QUEUE, _LIMIT, _SCANS = "busy", 3, 15


def test_killed_leader_is_replaced_when_its_lease_has_run_out(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        leader = operator.leader()
        operator.signal(leader, "SIGKILL")
        seconds = _seconds_until_admission_by_another(lab, leader)
        print(f"next admission {seconds:.1f} s after the kill, Lease of {leader.lease_seconds} s")
        assert seconds < 2 * leader.lease_seconds
        _judge(lab, audit, redis, scans)


def test_stopped_leader_is_replaced_at_once(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    """A drained node, an upgrade: the Lease is given back, nobody waits for it to run out."""
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        leader = operator.stop_leader()
        seconds = _seconds_until_admission_by_another(lab, leader)
        print(f"next admission {seconds:.1f} s after the stop, Lease of {leader.lease_seconds} s")
        assert seconds < leader.lease_seconds
        _judge(lab, audit, redis, scans)


def test_frozen_leader_does_nothing_when_it_thaws(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        leader, ends = operator.leader(), operator.ends()
        operator.signal(leader, "SIGSTOP")
        try:
            _seconds_until_admission_by_another(lab, leader)
        finally:
            operator.signal(leader, "SIGCONT")
        _judge(lab, audit, redis, scans)
        assert operator.leader().pod != leader.pod
        operator.wait_ends(ends + 1)  # it has ended as soon as it knew
        assert operator.ends() == ends + 1


def _load(lab: Lab, targets: Targets) -> list[Scan]:
    """Short scans, of which one at least has run."""
    lab.queue(_QUEUE, maxConcurrent=_LIMIT)
    spec = quick(targets.one)
    scans = [lab.submit(f"short-{n:02}", queue=_QUEUE, **spec) for n in range(_SCANS)]
    lab.scanjobs.wait(
        lambda event: event.object.get("status", {}).get("phase") == "Succeeded",
        "has succeeded",
        seconds=60,
    )
    return scans


def _seconds_until_admission_by_another(lab: Lab, leader: Leader) -> float:
    began = time.monotonic()
    lab.scanjobs.wait(
        lambda event: any(
            attempt["fence"] > leader.fence
            for attempt in event.object.get("status", {}).get("attempts") or ()
        ),
        "was admitted by another leader",
        seconds=90,
    )
    return time.monotonic() - began


def _judge(lab: Lab, audit: Audit, redis: InstalledRedis, scans: Sequence[Scan]) -> None:
    for scan in scans:
        scan.finish(seconds=180)
    lab.wait_idle(_QUEUE)
    verdict = audit.verdict()
    assert verdict.violations == []
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}
    assert {item.phase for item in verdict.scanjobs.values()} == {"Succeeded"}
    assert len(verdict.scanjobs) == len(scans)
    assert redis.entries_of(lab.name) == set()
