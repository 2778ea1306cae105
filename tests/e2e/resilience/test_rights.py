"""A right taken away from the operator: it says which, stays alive, and goes on once it is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.installed_redis import InstalledRedis
from tests.support.kube import Cluster
from tests.support.operator_process import OperatorProcess, now
from tests.support.operator_role import OperatorRole
from tests.support.scans import Lab, phase
from tests.support.specs import quick
from tests.support.targets import Targets
from tests.support.told import wait_told

_MEND: Final = "ClusterRole"


@pytest.fixture
def role(cluster: Cluster) -> OperatorRole:
    """The operator's rights."""
    return OperatorRole(cluster)


@pytest.fixture
def undisturbed(operator: OperatorProcess) -> Iterator[None]:
    """The operator goes on all the time."""
    before = operator.ends()
    yield
    assert operator.ends() == before


@pytest.mark.usefixtures("undisturbed")
def test_it_may_not_write_status(
    lab: Lab, targets: Targets, operator: OperatorProcess, role: OperatorRole
) -> None:
    lab.queue()
    begin = now()
    with role.without("scanjobs/status", "patch"):
        scan = lab.submit("scan", **quick(targets.one))
        operator.wait_logged(begin, 'cannot patch resource "scanjobs/status"', _MEND)
        assert scan.pod_events() == []
    assert phase(scan.finish(seconds=120)) == "Succeeded"


@pytest.mark.usefixtures("undisturbed")
def test_it_may_not_create_pods(
    lab: Lab, targets: Targets, operator: OperatorProcess, role: OperatorRole
) -> None:
    lab.queue()
    begin = now()
    with role.without("pods", "create"):
        scan = lab.submit("scan", **quick(targets.one))
        wait_told(scan, "PodRefused", 'cannot create resource "pods"', _MEND)
        operator.wait_logged(begin, scan.name, 'cannot create resource "pods"', _MEND)
    assert phase(scan.finish(seconds=120)) == "Succeeded"


@pytest.mark.usefixtures("undisturbed")
def test_it_may_not_list_pods_when_the_ledger_must_be_rebuilt(
    lab: Lab,
    targets: Targets,
    operator: OperatorProcess,
    redis: InstalledRedis,
    role: OperatorRole,
) -> None:
    lab.queue()
    begin = now()
    with role.without("pods", "list"):
        redis.flush()
        operator.wait_unready('cannot list resource "pods"')
        operator.wait_logged(begin, 'cannot list resource "pods"', _MEND)
        scan = lab.submit("scan", **quick(targets.one))
        lab.wait_queue(
            "default",
            lambda status: any(
                item["type"] == "LedgerAvailable" and item["status"] == "False"
                for item in status.get("conditions") or ()
            ),
        )
        assert scan.pod_events() == []
    assert phase(scan.finish(seconds=120)) == "Succeeded"
