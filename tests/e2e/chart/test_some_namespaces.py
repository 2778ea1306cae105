"""An installation for some namespaces: it scans there with Roles only, and leaves others alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import programs, settings
from tests.e2e.chart.conftest import NAME, Release
from tests.support.kube import Cluster, eventually, temporary_namespace
from tests.support.release import Release as SessionRelease
from tests.support.scans import Lab, phase
from tests.support.specs import quick
from tests.support.targets import Targets

_OPERATORS = "--selector=app.kubernetes.io/component=operator"
_ENFORCED = "pod-security.kubernetes.io/enforce"
#: Nothing of `helm test`, which has its own queue and ScanJob here.
_LEFT = {
    *(f"scanqueue.scanyard.dev/{name}" for name in ("default", "high-priority", "low-priority")),
    "scanjob.scanyard.dev/scan",
}


@pytest.fixture(scope="module")
def local(cluster: Cluster, shared_lab: Lab) -> Iterator[Release]:
    """A second release: it watches one namespace only, and has closed its ways in and out."""
    helm = programs.tool(settings.from_environment(os.environ), "helm")
    with temporary_namespace(cluster) as name:
        for restricted in (name, shared_lab.name):
            cluster.kubectl("label", "namespace", restricted, f"{_ENFORCED}=restricted")
        opened = Release(cluster, name, helm)
        try:
            opened.install(
                watchNamespaces=[shared_lab.name],
                rbac={"userRoles": False},
                resources={"requests": {"cpu": "20m"}},
                scanner={"image": {"tag": "dev"}, "networkPolicyPerQueue": True},
                networkPolicy={"egress": {"enabled": True, "apiServer": _api_server(cluster)}},
            )
            opened.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=120s")
            yield opened
        finally:
            opened.run("uninstall", "trial", "--ignore-not-found", "--wait")


def test_it_stands_by_beside_one_for_all_namespaces_and_works_without(
    installed: SessionRelease, local: Release, shared_lab: Lab, cluster: Cluster, targets: Targets
) -> None:
    _wait_logged(local, "another installation leads")
    installed.uninstall()
    _wait_logged(local, "leading with fence")
    _wait_logged(local, "extraDeniedNetworks")
    with Lab(cluster) as other:
        other.queue()
        foreign = other.submit("foreign", **quick(targets.one))
        # The release has made this namespace's default queue.
        scan = shared_lab.submit("scan", **quick(targets.one))
        assert phase(scan.finish()) == "Succeeded"
        assert "As it is: Scanyard works." in local.test()
        assert _names(shared_lab, "scanqueues,scanjobs") == _LEFT
        status = foreign.latest()["status"]
        assert (status["phase"], status["observedGeneration"]) == ("Pending", -1)


def test_its_rights_end_at_its_namespaces(local: Release, shared_lab: Lab) -> None:
    asked = {
        (verb, what, namespace): _may(local, verb, what, namespace)
        for verb, what, namespace in (
            ("create", "pods", shared_lab.name),
            ("update", "leases/scanyard", shared_lab.name),
            ("get", "leases/scanyard", "kube-system"),
            ("update", "leases/scanyard", "kube-system"),
            ("get", "leases/another", "kube-system"),
            ("list", "scanjobs.scanyard.dev", "default"),
            ("get", "nodes", "default"),
            ("list", "servicecidrs.networking.k8s.io", "default"),
        )
    }
    assert {question for question, answer in asked.items() if answer} == {
        ("create", "pods", shared_lab.name),
        ("update", "leases/scanyard", shared_lab.name),
        ("get", "leases/scanyard", "kube-system"),
    }


def _names(lab: Lab, kinds: str) -> set[str]:
    return set(lab.namespace.kubectl("get", kinds, "--output=name").split())


def _api_server(cluster: Cluster) -> dict[str, list[Any]]:
    """Addresses and ports, as the page on production says to find them."""
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    selector = "kubernetes.io/service-name=kubernetes"
    slices = cluster.request("GET", path, labelSelector=selector).expect()["items"]
    addresses = [a for item in slices for end in item["endpoints"] for a in end["addresses"]]
    ports = {port["port"] for item in slices for port in item["ports"]}
    return {"cidrs": [f"{address}/32" for address in addresses], "ports": sorted(ports)}


def _may(release: Release, verb: str, what: str, namespace: str) -> bool:
    told = release.cluster.try_kubectl(
        *("auth", "can-i", verb, what, f"--namespace={namespace}"),
        f"--as=system:serviceaccount:{release.namespace}:{NAME}",
    )
    assert told.stdout.strip() in {"yes", "no"}, told.stderr
    return told.stdout.strip() == "yes"


def _wait_logged(release: Release, words: str) -> None:
    eventually(
        lambda: release.kubectl("logs", _OPERATORS, "--tail=-1"),
        lambda log: words in log,
        seconds=90,
        every=1,
    )
