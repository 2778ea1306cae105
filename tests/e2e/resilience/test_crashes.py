"""Nothing is lost and nothing runs twice when the operator dies or Redis forgets, under load."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.support.audit_watch import Audit
from tests.support.installed_redis import InstalledRedis
from tests.support.kube import eventually
from tests.support.operator_process import OperatorProcess
from tests.support.scans import Lab, Scan
from tests.support.specs import quick
from tests.support.targets import Targets

_QUEUE = "busy"
_LIMIT, _SCANS = 6, 40


@pytest.mark.parametrize("seed", [20260101])
def test_operator_killed_at_random_moments(
    seed: int, lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    moments = random.Random(seed)  # noqa: S311 - repeatable, not secret
    operator.renew()
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        ends = operator.ends()
        for ended in (moments.randint(2, 6), moments.randint(12, 16), moments.randint(22, 28)):
            _wait_for_ends(lab, ended)
            # Anywhere in the life of a scan: so many events of Pods and ScanJobs later.
            _wait_for_events(lab, moments.randint(0, 25))
            operator.kill()
        _finish(lab, scans)
        operator.wait_ends(ends + 3)
        assert operator.ends() == ends + 3, "it ended by itself, too"
        _judge(lab, audit, redis)


@pytest.mark.parametrize("seed", [20260102])
def test_redis_flushed_and_restarted(
    seed: int, lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    moments = random.Random(seed)  # noqa: S311 - repeatable, not secret
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        ends = operator.ends()
        _wait_for_ends(lab, moments.randint(2, 6))
        _wait_for_events(lab, moments.randint(0, 25))
        redis.flush()
        _wait_for_ends(lab, moments.randint(10, 16))
        redis.restart()
        _wait_for_ends(lab, moments.randint(24, 30))
        _wait_for_events(lab, moments.randint(0, 25))
        redis.flush()
        _finish(lab, scans)
        assert operator.ends() == ends, "a lost Redis must not end the operator"
        _judge(lab, audit, redis)


def _load(lab: Lab, targets: Targets) -> list[Scan]:
    lab.queue(_QUEUE, maxConcurrent=_LIMIT)
    spec = quick(targets.one)
    return [lab.submit(f"short-{n:02}", queue=_QUEUE, **spec) for n in range(_SCANS)]


def _wait_for_ends(lab: Lab, count: int) -> None:
    """Wait until so many scanners have ended, whether or not the operator knows."""

    def ended() -> int:
        pods = {e.name for e in lab.pods.events() if e.object["status"].get("phase") == "Succeeded"}
        return len(pods)

    eventually(ended, lambda found: found >= count, seconds=120)


def _wait_for_events(lab: Lab, count: int) -> None:
    def seen() -> int:
        return len(lab.pods.events()) + len(lab.scanjobs.events())

    begin = seen()
    eventually(seen, lambda found: found >= begin + count, seconds=30, every=0.002)


def _finish(lab: Lab, scans: Sequence[Scan]) -> None:
    for scan in scans:
        scan.finish(seconds=180)
    lab.wait_idle(_QUEUE)


def _judge(lab: Lab, audit: Audit, redis: InstalledRedis) -> None:
    verdict = audit.verdict()
    assert verdict.violations == []
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}
    assert {item.phase for item in verdict.scanjobs.values()} == {"Succeeded"}
    assert len(verdict.scanjobs) == _SCANS
    assert verdict.most_live == {_QUEUE: _LIMIT}
    assert redis.entries_of(lab.name) == set()
