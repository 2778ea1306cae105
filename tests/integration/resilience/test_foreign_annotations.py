"""What others write on ScanJobs and Pods must not keep the operator from hearing of them."""

from __future__ import annotations

from typing import Final

import pytest

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.kube import MERGE_PATCH
from tests.support.scans import Lab, Scan, phase, resource

#: kopf looks there for what an operator has seen of the object, unless it is told otherwise.
_OF_KOPF: Final = "kopf.zalando.org/last-handled-configuration"
_SPEC: Final = {"scanner": "nmap", "targets": ["192.0.2.1"], "queueRef": {"name": "many"}}


@pytest.mark.parametrize("value", ["no JSON", "[]", '{"spec": "of another operator"}'])
def test_annotations_of_kopf_are_not_read(lab: Lab, replicas: Replicas, value: str) -> None:
    """A tenant may write them; a Pod that is not heard of would hold its slot for ever."""
    kubelet, annotations = Kubelet(lab), {_OF_KOPF: value}
    lab.queue("many")
    body = resource("ScanJob", "scan", _SPEC)
    body["metadata"]["annotations"] = annotations
    lab.namespace.create("scanjobs", body).expect()
    scan = Scan(lab, "scan")
    pod = scan.wait_pod(lambda event: event.type == "ADDED", "is there").object
    path = f"/api/v1/namespaces/{lab.name}/pods/{pod['metadata']['name']}"
    patch = {"metadata": {"annotations": annotations}}
    replicas.cluster.request("PATCH", path, patch, content_type=MERGE_PATCH).expect()
    kubelet.run("scan")
    kubelet.finish("scan")
    assert phase(scan.finish()) == "Succeeded"
