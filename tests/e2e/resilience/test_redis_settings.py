"""A Redis that refuses the operator or may evict keys: told, nothing lost, mended by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.installed_redis import InstalledRedis
from tests.support.operator_process import OperatorProcess, now
from tests.support.scans import Lab, Scan, phase
from tests.support.specs import paced, quick
from tests.support.targets import Targets

_REFUSED, _MEND = "invalid username-password", "SCANYARD_REDIS_PASSWORD"


def test_wrong_password(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    lab.queue()
    ends, begin = operator.ends(), now()
    running = lab.submit("running", **paced(targets.one, seconds=4))
    running.running()
    with redis.client() as admin:
        admin.config_set("requirepass", "another")
        try:
            # Who is logged in stays so; the operator must come again.
            admin.client_kill_filter(_type="normal", skipme=True)
            waiting = _told_and_held(lab, targets, operator, _REFUSED, _MEND)
            operator.wait_logged(begin, _REFUSED, _MEND)
            assert phase(running.finish()) == "Succeeded", "what runs goes on without Redis"
            assert operator.readiness()[0] == 503
            assert waiting.pod_events() == []
        finally:
            admin.config_set("requirepass", redis.password())
    _mended(operator, waiting, ends)


def test_evicting_policy(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    lab.queue()
    ends, begin = operator.ends(), now()
    with redis.client() as admin:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        try:
            admin.flushall()
            waiting = _told_and_held(lab, targets, operator, "allkeys-lru", "noeviction")
            operator.wait_logged(begin, "maxmemory-policy is allkeys-lru", "noeviction")
            assert waiting.pod_events() == []
        finally:
            admin.config_set("maxmemory-policy", "noeviction")
    _mended(operator, waiting, ends)


def _told_and_held(lab: Lab, targets: Targets, operator: OperatorProcess, *words: str) -> Scan:
    """Readiness and the queue's condition say why; a new ScanJob, which is returned, waits."""
    operator.wait_unready(*words)
    scan = lab.submit("waiting", **quick(targets.one))
    status = lab.wait_queue(
        "default", lambda status: all(word in _ledger(status)["message"] for word in words)
    )
    assert _ledger(status)["status"] == "False"
    assert _ledger(status)["reason"] == "LedgerUnavailable"
    return scan


def _ledger(status: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions: list[Mapping[str, Any]] = status.get("conditions") or []
    found = [item for item in conditions if item["type"] == "LedgerAvailable"]
    return found[0] if found else {"status": "Unknown", "message": ""}


def _mended(operator: OperatorProcess, waiting: Scan, ends: int) -> None:
    operator.wait_ready()
    assert phase(waiting.finish()) == "Succeeded"
    status = waiting.lab.wait_queue("default", lambda status: _ledger(status)["status"] == "True")
    assert status["observedGeneration"] == 1
    assert operator.ends() == ends, "nothing but Redis has to be mended"
