"""Names for addresses, in the cluster's own DNS."""

from __future__ import annotations

from typing import Any

from tests.support.kube import eventually
from tests.support.scans import Lab


def dns_name(lab: Lab, name: str) -> str:
    """What a name of the lab's namespace is called in the whole cluster."""
    return f"{name}.{lab.name}.svc.cluster.local"


def name_address(lab: Lab, name: str, address: str) -> None:
    """A headless Service without a selector: a name for any address."""
    services = f"/api/v1/namespaces/{lab.name}/services"
    spec: dict[str, Any] = {"clusterIP": "None", "ports": [{"port": 80}]}
    lab.cluster.request("POST", services, {"metadata": {"name": name}, "spec": spec}).expect()
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{lab.name}/endpointslices"
    body = {
        "metadata": {"name": f"{name}-1", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": [address]}],
    }
    lab.cluster.request("POST", slices, body).expect()
    eventually(
        lambda: lab.cluster.request("GET", f"{slices}/{name}-1").code, lambda code: code == 200
    )
