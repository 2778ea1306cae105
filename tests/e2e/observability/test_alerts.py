"""Each alert, fired by its fault on the real cluster and resolved when that is mended.

Prometheus evaluates the chart's rules; only their times and thresholds are short. What concerns one
queue goes side by side, what concerns the installation one after the other. ScanyardLimitExceeded
is the one that no fault of the cluster makes: it must not fire in any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.chart.alerts.plain import FILE
from tests.chart.conftest import chart
from tests.chart.rendering import Chart
from tests.support.handover import attempts
from tests.support.installation import NAMESPACE, RELEASE, Installation
from tests.support.kube import MERGE_PATCH
from tests.support.node_container import failing_node, sent_to
from tests.support.operator_process import OperatorProcess
from tests.support.refused_statuses import refusing_status_of
from tests.support.scans import Lab, phase
from tests.support.side_by_side import Stage, begins_first, side_by_side, stories_in
from tests.support.silent_watches import silent_watches
from tests.support.specs import ONCE, endless, quick
from tests.support.targets import Targets
from tests.support.told import wait_told
from tests.support.watched import SOON, Watched, WatchedLab, watched_installation

__all__ = ["chart"]

#: A deleted Pod whose node tells nothing is due after its grace (60 s) and 10 s.
_OVERDUE: Final = 80.0
_ALERTS: Final = {
    rule["alert"]
    for group in yaml.safe_load(FILE.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
_LEASE_ROLE: Final = (
    "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/"
    f"{NAMESPACE}-{RELEASE}-operator"
)


@pytest.fixture(scope="module")
def watched(
    installation: Installation, chart: Chart, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """The installation of all these tests."""
    folder = tmp_path_factory.mktemp("alerts")
    with watched_installation(installation, chart, folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, installation: Installation, targets: Targets, watched: Watched
) -> Stage:
    """All selected stories of this folder, under way."""
    stories = stories_in(Path(__file__).parent, request.session.items)
    return Stage(installation, targets, stories, partial(WatchedLab, watched.prometheus))


@side_by_side
@begins_first
def test_slots_unconfirmed(lab: WatchedLab, targets: Targets) -> None:
    """A node freezes with a scan on it, which is to be ended."""
    with (
        failing_node(lab.cluster) as node,
        WatchedLab(lab.prometheus, lab.cluster, annotations=sent_to(node)) as there,
    ):
        there.queue("remote")
        scan = there.submit("scan", queue="remote", **endless(targets.one), **ONCE)
        pod = scan.running()["metadata"]["name"]
        node.pause()
        there.delete_pod(pod)
        there.fires("ScanyardSlotsUnconfirmed", "remote", seconds=_OVERDUE + SOON)
        node.unpause()
        there.is_resolved("ScanyardSlotsUnconfirmed", "remote")
        assert phase(scan.finish()) == "Failed"


@side_by_side
def test_wait_over_target(lab: WatchedLab, targets: Targets) -> None:
    """The only slot is taken for long; a second one is granted."""
    lab.queue("late", maxConcurrent=1, targetWaitSeconds=5)
    lab.submit("runs", queue="late", **endless(targets.one)).running()
    scan = lab.submit("scan", queue="late", **quick(targets.one))
    lab.fires("ScanyardWaitOverTarget", "late")
    lab.change_queue("late", maxConcurrent=2)
    lab.is_resolved("ScanyardWaitOverTarget", "late")
    assert phase(scan.finish()) == "Succeeded"


@side_by_side
def test_scans_fail(lab: WatchedLab, targets: Targets) -> None:
    """Somebody deletes the Pod of a scan; others succeed then."""
    lab.queue("failing")
    scan = lab.submit("fails", queue="failing", **endless(targets.one), **ONCE)
    lab.delete_pod(scan.running()["metadata"]["name"])
    lab.fires("ScanyardScansFail", "failing")
    _succeed(lab, targets, "failing")
    lab.is_resolved("ScanyardScansFail", "failing")


@side_by_side
def test_scans_time_out(lab: WatchedLab, targets: Targets) -> None:
    """A scan comes to its timeout; others succeed then."""
    lab.queue("slow")
    lab.submit("slow", queue="slow", **endless(targets.one), timeoutSeconds=5)
    lab.fires("ScanyardScansTimeOut", "slow")
    _succeed(lab, targets, "slow")
    lab.is_resolved("ScanyardScansTimeOut", "slow")


@side_by_side
def test_pods_are_refused(lab: WatchedLab, targets: Targets) -> None:
    """A quota allows no Pod; it is taken away."""
    quota = {"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{lab.name}/resourcequotas"
    lab.cluster.request("POST", path, quota).expect()
    lab.queue("refused")
    scan = lab.submit("scan", queue="refused", **quick(targets.one))
    lab.fires("ScanyardPodsDoNotStart", "refused")
    lab.cluster.request("DELETE", f"{path}/no-pods").expect()
    assert phase(scan.finish(seconds=180)) == "Succeeded"
    lab.is_resolved("ScanyardPodsDoNotStart", "refused")


@side_by_side
def test_reconcile_errors(lab: WatchedLab, targets: Targets) -> None:
    """A policy refuses what the operator writes about a ScanJob."""
    lab.queue()
    scan = lab.submit("scan", **quick(targets.one), suspend=True)
    scan.reach("Suspended")
    error = {"namespace": NAMESPACE, "error": "KubeRefusedError"}
    with refusing_status_of(scan):
        scan.change(suspend=False)
        lab.prometheus.wait_firing("ScanyardReconcileErrors", seconds=SOON, **error)
    lab.prometheus.wait_resolved("ScanyardReconcileErrors", seconds=SOON, **error)
    assert phase(scan.finish(seconds=120)) == "Succeeded"


def test_certificate_of_redis_ends(watched: Watched) -> None:
    """In two days; then it is renewed."""
    watched.fires("ScanyardRedisCertificateEnds", namespace=NAMESPACE)
    watched.redis.certify(days=365)
    watched.redis.stop()
    watched.redis.start()
    watched.is_resolved("ScanyardRedisCertificateEnds")


def test_ledger_unavailable(watched: Watched) -> None:
    """Redis is stopped."""
    watched.is_resolved("ScanyardLedgerUnavailable")
    watched.redis.stop()
    watched.fires("ScanyardLedgerUnavailable", namespace=NAMESPACE)
    watched.redis.start()
    watched.is_resolved("ScanyardLedgerUnavailable")


def test_queue_stuck(watched: Watched, lab: Lab, targets: Targets) -> None:
    """Somebody writes into Redis: it holds the only slot for a scan that there is not.

    Another leader writes all of it anew.
    """
    queue = {"queue_namespace": lab.name, "queue": "stuck"}
    lab.queue("stuck", maxConcurrent=1)
    first = lab.submit("first", queue="stuck", **quick(targets.one))
    assert phase(first.finish()) == "Succeeded"
    lab.wait_idle("stuck")
    key = watched.redis.running_of(f"{lab.name}/stuck")
    assert watched.redis.run("SADD", key, f"{lab.name}/nobody/0") == "1"
    scan = lab.submit("scan", queue="stuck", **quick(targets.one))
    watched.fires("ScanyardQueueStuck", namespace=NAMESPACE, **queue)
    assert scan.pod_events() == []
    watched.operator.stop_leader()
    assert phase(scan.finish()) == "Succeeded"
    watched.is_resolved("ScanyardQueueStuck", **queue)


def test_watch_stale(watched: Watched, lab: Lab, targets: Targets) -> None:
    """The network delivers nothing any more by the leader's watches; until then all came back."""
    assert watched.prometheus.ever_fired("ScanyardWatchStale") == []
    operator = watched.operator
    operator.wait_ready()
    lab.queue()
    later = datetime.now(UTC) + timedelta(seconds=20)
    scan = lab.submit("scan", notBefore=f"{later:%Y-%m-%dT%H:%M:%SZ}", **quick(targets.one))
    wait_told(scan, "NotBefore")
    with silent_watches(operator, operator.leader()):
        watched.fires("ScanyardWatchStale", namespace=NAMESPACE, resource="scanjobs")
    watched.is_resolved("ScanyardWatchStale")
    assert phase(scan.finish()) == "Succeeded"


def test_pods_do_not_start(watched: Watched, lab: Lab, targets: Targets) -> None:
    """The scanner's image is missing."""
    queue = {"queue_namespace": lab.name, "queue": "default"}
    lab.queue()
    with _scanner_image(watched.installation, "registry.invalid/scanner:missing"):
        scan = lab.submit("scan", **quick(targets.one), startDeadlineSeconds=15)
        watched.fires("ScanyardPodsDoNotStart", namespace=NAMESPACE, **queue)
        assert attempts(scan.latest())[0]["reason"] == "ImagePull"
    assert phase(scan.finish(seconds=120)) == "Succeeded"
    watched.is_resolved("ScanyardPodsDoNotStart", **queue)


def test_no_leader(watched: Watched) -> None:
    """No operator may write the Lease."""
    watched.is_resolved("ScanyardNoLeader")
    cluster, operator = watched.installation.cluster, watched.operator
    operator.wait_ready()
    rules = cluster.request("GET", _LEASE_ROLE).expect()["rules"]
    none: dict[str, Any] = {"rules": []}
    cluster.request("PATCH", _LEASE_ROLE, none, content_type=MERGE_PATCH).expect()
    try:
        watched.fires("ScanyardNoLeader", namespace=NAMESPACE)
    finally:
        body = {"rules": rules}
        cluster.request("PATCH", _LEASE_ROLE, body, content_type=MERGE_PATCH).expect()
    watched.is_resolved("ScanyardNoLeader")
    operator.wait_ready()


def test_down(watched: Watched) -> None:
    """Both operators are stopped."""
    watched.is_resolved("ScanyardDown")
    installation = watched.installation
    installation.kubectl("scale", f"deployment/{RELEASE}", "--replicas=0")
    try:
        watched.fires("ScanyardDown")
    finally:
        installation.kubectl("scale", f"deployment/{RELEASE}", "--replicas=2")
    watched.is_resolved("ScanyardDown")


def test_the_limit_was_never_exceeded(watched: Watched) -> None:
    """Not in any of these faults; and every other alert is one that fired."""
    assert watched.prometheus.ever_fired("ScanyardLimitExceeded") == []
    fired = 'count by (alertname) (last_over_time(ALERTS{alertstate="firing"}[1d]))'
    names = {series.labels["alertname"] for series in watched.prometheus.query(fired)}
    assert names == _ALERTS - {"ScanyardLimitExceeded"}


def _succeed(lab: Lab, targets: Targets, queue: str) -> None:
    """Enough of them for one that does not to be less than half."""
    scans = [lab.submit(f"well-{n}", queue=queue, **quick(targets.one)) for n in range(2)]
    for scan in scans:
        assert phase(scan.finish()) == "Succeeded"


@contextmanager
def _scanner_image(installation: Installation, image: str) -> Iterator[None]:
    """Scans run from that image."""
    deployment = f"deployment/{RELEASE}"
    name = "SCANYARD_SCANNER_IMAGE"

    def put(value: str) -> None:
        installation.kubectl("set", "env", deployment, f"{name}={value}")
        installation.kubectl("rollout", "status", deployment, "--timeout=120s")
        OperatorProcess(installation).wait_ready()

    found = installation.deployment()
    assert found is not None
    (container,) = found["spec"]["template"]["spec"]["containers"]
    before = next(item["value"] for item in container["env"] if item["name"] == name)
    put(image)
    try:
        yield
    finally:
        put(before)
