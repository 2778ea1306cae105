"""A Pod that the cluster does not take: the reason and the way out, no slot lost, then it runs."""

from __future__ import annotations

from typing import Any

from tests.support.handover import attempts
from tests.support.kube import MERGE_PATCH
from tests.support.scans import Lab, Scan, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import quick
from tests.support.targets import Targets
from tests.support.told import wait_told

_NO_PODS = {"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}}
_ENFORCED = "pod-security.kubernetes.io/enforce"


@side_by_side
def test_refused_by_a_quota(lab: Lab, targets: Targets) -> None:
    quotas = f"/api/v1/namespaces/{lab.name}/resourcequotas"
    lab.cluster.request("POST", quotas, _NO_PODS).expect()
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **quick(targets.one))

    job = wait_told(scan, "PodRefused", "exceeded quota: no-pods", "raise the quota")
    assert attempts(job)[0]["reason"] == "PodRefused"
    assert phase(job) == "Queued"
    lab.wait_queue("one", lambda status: (status.get("running"), status.get("waiting")) == (0, 1))

    lab.cluster.request("DELETE", f"{quotas}/no-pods").expect()
    _runs_in_the_end(scan)


@side_by_side
def test_net_raw_refused_by_pod_security(lab: Lab, targets: Targets) -> None:
    _label(lab, {_ENFORCED: "restricted"})
    lab.queue("one", maxConcurrent=1)
    syn: dict[str, Any] = {"technique": "Syn", "skipHostDiscovery": True}
    scan = lab.submit("raw", queue="one", **quick(targets.one) | {"nmap": syn})

    wait_told(
        scan, "PodRefused", 'violates PodSecurity "restricted', "NET_RAW", _ENFORCED, "Connect"
    )
    connect = lab.submit("plain", queue="one", **quick(targets.one))
    assert phase(connect.finish()) == "Succeeded", "a Connect scan passes `restricted`"

    _label(lab, {_ENFORCED: None})
    _runs_in_the_end(scan)


def _runs_in_the_end(scan: Scan) -> None:
    """Within the back-off; the refusals have left Pods of no kind."""
    job = scan.finish(seconds=150)
    assert phase(job) == "Succeeded"
    *refused, last = attempts(job)
    assert {attempt["reason"] for attempt in refused} == {"PodRefused"}
    assert {event.name for event in scan.pod_events()} == {last["podName"]}


def _label(lab: Lab, labels: dict[str, str | None]) -> None:
    path = f"/api/v1/namespaces/{lab.name}"
    body = {"metadata": {"labels": labels}}
    lab.cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()
