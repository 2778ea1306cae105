"""One strange object stops neither the operator nor the others."""

from __future__ import annotations

from typing import Any

from tests.support.installed_redis import InstalledRedis
from tests.support.operator_process import OperatorProcess
from tests.support.scans import Lab, condition, phase
from tests.support.specs import quick
from tests.support.targets import Targets

_LONG = "a" * 39 + "." + ".".join("b" * 50 for _ in range(4)) + ".c"
_MARK = {"app.kubernetes.io/managed-by": "scanyard"}
#: Pods with our labels, as an administrator may write them, and anybody where no policy forbids it.
_PRETENDERS: dict[str, dict[str, Any]] = {
    "no-labels": {"labels": _MARK},
    "no-number": {"labels": _MARK | {"scanyard.dev/uid": "x", "scanyard.dev/attempt": "first"}},
    "no-owner": {
        "labels": _MARK | {"scanyard.dev/uid": "no-such-uid", "scanyard.dev/attempt": "1"},
        "annotations": {"scanyard.dev/scanjob": "other/x", "scanyard.dev/queue": "other/q"},
    },
}
#: Statuses that the schema takes and no operator writes.
_SPOILT: dict[str, dict[str, Any]] = {
    "unknown-queue": {
        "phase": "Running",
        "attemptCount": 7,
        "attempts": [{"number": 7, "queue": "elsewhere/q", "fence": 1, "podName": "x"}],
    },
    "odd-number": {
        "phase": "Queued",
        "attemptCount": 2147483647,
        "retryAt": "0001-01-01T00:00:00Z",
        "queuedAt": "9999-12-31T23:59:59Z",
    },
}


def test_strange_objects(
    lab: Lab, targets: Targets, operator: OperatorProcess, redis: InstalledRedis
) -> None:
    ends = operator.ends()
    lab.queue(maxConcurrent=10)
    strange = [
        lab.submit(name, **quick(targets.one) | spec)
        for name, spec in _strange_specs(targets).items()
    ]
    for name, metadata in _PRETENDERS.items():
        _create_pod(lab, name, metadata)
    for name, status in _SPOILT.items():
        lab.submit(name, queue="later", **quick(targets.one))
        lab.namespace.patch("scanjobs", name, {"status": status}, "status").expect()
    lab.queue("later")
    redis.flush()  # everything is listed and read anew

    normal = lab.submit("normal", **quick(targets.one))
    assert phase(normal.finish()) == "Succeeded"
    for scan in strange:
        job = scan.finish(seconds=120)
        impossible = scan.name == "everything-excluded"
        assert phase(job) == ("Failed" if impossible else "Succeeded"), job["status"]
        assert condition(job, "Succeeded", "reason") == (
            "InvalidSpec" if impossible else "ScanComplete"
        )
    assert operator.ends() == ends
    operator.wait_ready()


def _strange_specs(targets: Targets) -> dict[str, dict[str, Any]]:
    one = targets.one
    return {
        _LONG: {},
        "0": {},
        "a.b-c.d": {"rerunToken": "\u202e" + "-" * 60},
        "everything-excluded": {"excludeTargets": [one]},
        "much-excluded": {"excludeTargets": [f"192.0.2.{n % 256}/32" for n in range(256)]},
        "same-port": {"ports": {"tcp": ",".join(["80"] * 200)}},
        "most-urgent": {"priority": 100},
    }


def _create_pod(lab: Lab, name: str, metadata: dict[str, Any]) -> None:
    container = {"name": "scanner", "image": "registry.k8s.io/pause:3.10.1"}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    body = {"metadata": {"name": name, **metadata}, "spec": spec}
    lab.cluster.request("POST", f"/api/v1/namespaces/{lab.name}/pods", body).expect()
