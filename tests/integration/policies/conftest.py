"""The chart's admission policies, on an API server of these tests' own that has all kinds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.chart.rendering import NAMESPACE, RELEASE, Chart
from tests.cluster import programs, settings
from tests.support.control_plane import ControlPlane
from tests.support.kube import Cluster, Namespace, eventually, temporary_namespace
from tests.support.resources import scan_job

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
#: Of another release for all namespaces, and of one that has rights in a namespace that it watches.
SECOND = "system:serviceaccount:elsewhere:second"
WATCHING = "system:serviceaccount:elsewhere:watching"
TENANT, OTHER = "tenant", "other"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
OPERATOR_ROLE = f"{RELEASE}-operator"
_MUTATING = "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy"
_EXTRA = {"extraDeniedNetworks": ["198.51.100.0/24", "2001:db8:dead::/48", "::ffff:0:0/96"]}


@dataclass(frozen=True, slots=True)
class People:
    """The namespace as each of them reaches it.

    Tenants may do everything with Pods, ScanJobs and ScanQueues, so that only policies say no, but
    write no status; operators have what the chart gives them.
    """

    tenant: Namespace
    other: Namespace
    operator: Namespace
    administrator: Namespace

    def of(self, user: str) -> Namespace:
        """The same for a user of any name."""
        return Namespace(self.administrator.cluster.as_user(user), self.administrator.name)


@pytest.fixture(scope="session")
def administrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The API server with the policies in force."""
    chart = Chart(programs.tool(settings.from_environment(os.environ), "helm"))
    rendered = chart.render(_EXTRA, f"--api-versions={_MUTATING}")
    found = [item for item in yaml.safe_load_all(rendered) if item]
    directory = tmp_path_factory.mktemp("control-plane")
    with ControlPlane(directory, authorization="RBAC") as plane:
        for policy in found:
            if _is_policy(policy["kind"]):
                path = f"/apis/{policy['apiVersion']}/{_plural(policy['kind'])}"
                plane.cluster.request("POST", path, policy).expect()
        _give_rights(plane.cluster, found)
        with temporary_namespace(plane.cluster) as name:
            tenant = Namespace(plane.cluster.as_user(TENANT), name)
            eventually(lambda: _in_force(tenant), bool, seconds=60, every=0.2)
        yield plane.cluster


@pytest.fixture
def people(administrator: Cluster) -> Iterator[People]:
    with temporary_namespace(administrator) as name:
        known = [administrator.as_user(user) for user in (TENANT, OTHER, OPERATOR)]
        yield People(*(Namespace(cluster, name) for cluster in (*known, administrator)))


def _give_rights(cluster: Cluster, chart: list[dict[str, Any]]) -> None:
    (operator,) = (
        item
        for item in chart
        if item["kind"] == "ClusterRole" and item["metadata"]["name"] == OPERATOR_ROLE
    )
    resources = ["pods", "pods/status", "scanjobs", "scanqueues"]
    rules = [{"apiGroups": ["", "scanyard.dev"], "resources": resources, "verbs": ["*"]}]
    tenant: dict[str, Any] = {"metadata": {"name": "tenant"}, "rules": rules}
    for role, users in ((operator, (OPERATOR, SECOND)), (tenant, (TENANT, OTHER))):
        cluster.request("POST", f"{_RBAC}/clusterroles", role).expect()
        for user in users:
            body = _binding(role["metadata"]["name"], user)
            cluster.request("POST", f"{_RBAC}/clusterrolebindings", body).expect()


def _binding(role: str, user: str) -> dict[str, Any]:
    api = "rbac.authorization.k8s.io"
    return {
        "metadata": {"name": f"{role}-{user}"},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": api, "kind": "User", "name": user}],
    }


def bind(namespace: Namespace, role: str, user: str) -> None:
    """Give a ClusterRole's rights to the user, in this namespace only."""
    path = f"{_RBAC}/namespaces/{namespace.name}/rolebindings"
    namespace.cluster.request("POST", path, _binding(role, user)).expect()


def _is_policy(kind: str) -> bool:
    return kind.removesuffix("Binding").endswith("AdmissionPolicy")


def _plural(kind: str) -> str:
    lower = kind.lower()
    return f"{lower[:-1]}ies" if lower.endswith("policy") else f"{lower}s"


def _in_force(namespace: Namespace) -> bool:
    """The API server hears of its policies a moment later, and of each by itself."""
    job = namespace.create("scanjobs", scan_job("probe"), dryRun="All")
    denied = namespace.create("scanjobs", scan_job("p", targets=["127.0.0.1"]), dryRun="All")
    note = {"annotations": {"scanyard.dev/release": "?"}}
    queue = {"kind": "ScanQueue", "metadata": {"name": "p"} | note}
    refused = namespace.create("scanqueues", queue, dryRun="All")
    pods = f"/api/v1/namespaces/{namespace.name}/pods"
    pod = namespace.cluster.request("POST", pods, attempt_pod("p"), dryRun="All")
    recorded = (job.body.get("metadata") or {}).get("annotations") or {}
    return "scanyard.dev/requested-by" in recorded and {denied.ok, refused.ok, pod.ok} == {False}


def attempt_pod(name: str, uid: str = "made-up") -> dict[str, object]:
    """A Pod that calls itself an attempt."""
    return {
        "metadata": {
            "name": name,
            "labels": {
                "app.kubernetes.io/managed-by": "scanyard",
                "scanyard.dev/uid": uid,
                "scanyard.dev/attempt": "1",
            },
            "annotations": {"scanyard.dev/queue": "platform/shared"},
        },
        "spec": {"containers": [{"name": "scanner", "image": "none"}]},
    }
