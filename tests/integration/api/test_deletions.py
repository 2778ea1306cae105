"""What is deleted is just the version that was judged, whatever happened to its name since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from scanyard.kube.client import KubeClient
from scanyard.kube.connection import connect
from scanyard.kube.errors import KubeConflictError
from scanyard.kube.resources import Resource
from scanyard.kube.server_clock import ServerClock
from tests.support.kube import Cluster, Namespace
from tests.support.resources import scan_job


@pytest.fixture
async def kube(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KubeClient]:
    """The operator's client."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    async with KubeClient(connect(), clock=ServerClock()) as client:
        yield client


async def test_a_rerun_asked_for_meanwhile_keeps_it(kube: KubeClient, namespace: Namespace) -> None:
    seen = namespace.create("scanjobs", scan_job("again")).expect()
    changed = namespace.patch("scanjobs", "again", {"spec": {"rerunToken": "again"}}).expect()
    with pytest.raises(KubeConflictError):
        await _delete(kube, namespace, seen)
    assert namespace.get("scanjobs", "again")["spec"]["rerunToken"] == "again"
    await _delete(kube, namespace, changed)
    path = namespace.path("scanjobs", "again")
    assert namespace.cluster.request("GET", path).code == 404


async def test_a_namesake_stays(kube: KubeClient, namespace: Namespace) -> None:
    seen = namespace.create("scanjobs", scan_job("twice")).expect()
    await _delete(kube, namespace, seen)
    namespace.create("scanjobs", scan_job("twice")).expect()
    with pytest.raises(KubeConflictError):
        await _delete(kube, namespace, seen)
    assert namespace.get("scanjobs", "twice")["metadata"]["uid"] != seen["metadata"]["uid"]


async def _delete(kube: KubeClient, namespace: Namespace, seen: dict[str, Any]) -> None:
    meta = seen["metadata"]
    await kube.delete(
        Resource(f"/apis/{namespace.group}/v1alpha1", "scanjobs"),
        namespace.name,
        meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
    )
