"""What others write on ScanJobs and Pods must not keep the operator from hearing of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.kube import MERGE_PATCH
from tests.support.scans import Lab, Scan, phase, resource

#: kopf looks there for what an operator has seen of the object, unless it is told otherwise.
_SEEN: Final = "kopf.zalando.org/last-handled-configuration"
#: And takes this away, unless it is told that its own is another.
_FINALIZERS: Final = ["kopf.zalando.org/KopfFinalizerMarker"]
_SPEC: Final = {"scanner": "nmap", "targets": ["192.0.2.1"], "queueRef": {"name": "many"}}


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {_SEEN: "no JSON"}},
        {"annotations": {_SEEN: "[]"}},
        {"finalizers": _FINALIZERS},
    ],
)
def test_what_kopf_writes_is_not_read(
    lab: Lab, replicas: Replicas, metadata: dict[str, Any]
) -> None:
    """A tenant may write it, too; a Pod that is not heard of would hold its slot for ever."""
    kubelet = Kubelet(lab)
    lab.queue("many")
    body = resource("ScanJob", "scan", _SPEC)
    body["metadata"] |= metadata
    lab.namespace.create("scanjobs", body).expect()
    scan = Scan(lab, "scan")
    pod = scan.wait_pod(lambda event: event.type == "ADDED", "is there").object
    paths = [
        lab.namespace.path("scanjobs", "scan"),
        f"/api/v1/namespaces/{lab.name}/pods/{pod['metadata']['name']}",
    ]
    _change(replicas, paths[1], metadata)
    kubelet.run("scan")
    kubelet.finish("scan")
    assert phase(scan.finish()) == "Succeeded"
    for path in paths:
        found = replicas.cluster.request("GET", path).expect()["metadata"]
        assert found.get("finalizers") == metadata.get("finalizers")
        _change(replicas, path, {"finalizers": None})


def _change(replicas: Replicas, path: str, metadata: dict[str, Any]) -> None:
    patch = {"metadata": metadata}
    replicas.cluster.request("PATCH", path, patch, content_type=MERGE_PATCH).expect()
