"""From the chart before this one, and through an uninstallation: no ScanJob is lost or run twice.

The session's installation itself is changed, since one cluster has one leader; it is as before at
the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.support.audit_watch import Audit
from tests.support.installation import NAMESPACE, RELEASE, Installation
from tests.support.installed_redis import InstalledRedis
from tests.support.kube import Cluster, eventually
from tests.support.release import Release
from tests.support.scans import Lab, Scan
from tests.support.specs import paced, quick
from tests.support.targets import Targets

#: As it was released: one replica, replaced by Recreate, without a Lease.
BEFORE: Final = Path(__file__).parents[2] / "fixtures" / "scanyard-0.1.0.tgz"
_QUEUE, _LIMIT, _WAITING = "busy", 2, 6
#: The present operator leads by a Lease and reads namespaces; that chart gives no right to either.
_RIGHTS: Final = [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]},
]


@pytest.fixture
def rights(cluster: Cluster) -> Iterator[None]:
    """Those that the chart before lacks for the present operator."""
    name = "test-upgrade-rights"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": _RIGHTS,
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": name,
        },
        "subjects": [{"kind": "ServiceAccount", "name": RELEASE, "namespace": NAMESPACE}],
    }
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([role, binding]))
    try:
        yield
    finally:
        cluster.kubectl("delete", f"clusterrole/{name}", f"clusterrolebinding/{name}")


@pytest.mark.usefixtures("rights")
def test_an_upgrade_from_the_chart_before_loses_nothing_and_runs_nothing_twice(
    installed: Release, installation: Installation, lab: Lab, targets: Targets
) -> None:
    with Audit(lab) as audit:
        installed.uninstall()
        # That chart's definitions would take away fields that the present operator writes.
        installed.upgrade(BEFORE, ["--set=crds.enabled=false"])
        assert _strategy(installation) == "Recreate"
        scans = _load(lab, targets)
        installed.upgrade()
        assert _strategy(installation) == "RollingUpdate"
        _wait_for_replicas(installation, 2)
        _finish(lab, scans)
        _judge(lab, audit, installation, len(scans))


def test_scanjobs_outlive_changed_values_a_rollback_and_an_uninstallation(
    installed: Release, installation: Installation, lab: Lab, targets: Targets
) -> None:
    with Audit(lab) as audit:
        scans = _load(lab, targets)
        installed.upgrade(flags=["--set=replicas=1", "--set=logLevel=DEBUG"])
        assert _log_level(installation) == "DEBUG"
        _assert_tested(installed)
        installed.rollback()
        assert _log_level(installation) == "INFO"
        _wait_for_replicas(installation, 2)
        again = lab.submit("again", queue=_QUEUE, **paced(targets.one, seconds=15))
        again.running()
        installed.uninstall()
        meanwhile = lab.submit("meanwhile", queue=_QUEUE, **quick(targets.one))
        # What ran goes on without an operator, to its end.
        again.wait_pod(lambda event: _succeeded(event.object), "ends by itself", seconds=90)
        installed.upgrade()
        _finish(lab, [*scans, again, meanwhile])
        _judge(lab, audit, installation, len(scans) + 2)


def _assert_tested(release: Release) -> None:
    """`helm test` says what was scanned and found."""
    told = release.test()
    assert re.search(r"^Target: [0-9.]+, this Pod; port \d+ is open", told, re.MULTILINE), told
    assert re.search(r"^[0-9.]+ +\d+/tcp +open", told, re.MULTILINE), told
    assert "As it is: Scanyard works." in told


def _load(lab: Lab, targets: Targets) -> list[Scan]:
    """As many long scans as may run, which do, and short ones, which wait."""
    lab.queue(_QUEUE, maxConcurrent=_LIMIT)
    long = [
        lab.submit(f"long-{n}", queue=_QUEUE, **paced(targets.one, seconds=25))
        for n in range(_LIMIT)
    ]
    for scan in long:
        scan.running()
    spec = quick(targets.one)
    return long + [lab.submit(f"short-{n}", queue=_QUEUE, **spec) for n in range(_WAITING)]


def _finish(lab: Lab, scans: list[Scan]) -> None:
    for scan in scans:
        scan.finish(seconds=180)
    lab.wait_idle(_QUEUE)


def _judge(lab: Lab, audit: Audit, installation: Installation, count: int) -> None:
    verdict = audit.verdict()
    assert verdict.violations == []
    assert verdict.not_run_once() == {}
    assert verdict.not_ended_once() == {}
    assert {item.phase for item in verdict.scanjobs.values()} == {"Succeeded"}
    assert len(verdict.scanjobs) == count
    assert InstalledRedis(installation).entries_of(lab.name) == set()


def _strategy(installation: Installation) -> str:
    found = installation.deployment()
    assert found is not None
    return str(found["spec"]["strategy"]["type"])


def _log_level(installation: Installation) -> str:
    found = installation.deployment()
    assert found is not None
    (container,) = found["spec"]["template"]["spec"]["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    return str(values["SCANYARD_LOG_LEVEL"])


def _wait_for_replicas(installation: Installation, count: int) -> None:
    """Wait until so many operators are ready, and no other is left."""

    def counts() -> tuple[int, int]:
        status = (installation.deployment() or {}).get("status") or {}
        return status.get("readyReplicas", 0), status.get("replicas", 0)

    eventually(counts, lambda found: found == (count, count), seconds=90, every=0.5)


def _succeeded(pod: object) -> bool:
    assert isinstance(pod, dict)
    return bool(pod["status"].get("phase") == "Succeeded")
