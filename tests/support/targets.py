"""Pods to scan, with known open ports."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.cluster.settings import POD_SUBNET
from tests.support.kube import Cluster, eventually

IMAGE: Final = "scanyard/targets:dev"
SERVICES: Final = {22: "ssh", 80: "http", 443: "tls"}
UDP_PORT: Final = 53
#: Nothing listens here.
CLOSED_PORT: Final = 8099
OPEN_TCP: Final = frozenset((port, "tcp") for port in SERVICES)
OPEN_UDP: Final = frozenset({(UDP_PORT, "udp")})
#: In the Pod network, outside every node's part of it: nobody is there, nothing leaves the node.
DOWN_ADDRESS: Final = str(ipaddress.ip_network(POD_SUBNET)[-6])
_COUNT: Final = 4


@dataclass(frozen=True, slots=True)
class Targets:
    """Addresses of target Pods, ascending; all of them have the same ports."""

    addresses: tuple[str, ...]

    @property
    def one(self) -> str:
        return self.addresses[0]

    @property
    def network(self) -> str:
        """The /28 that holds most of them."""
        networks = [str(ipaddress.ip_network(f"{a}/28", strict=False)) for a in self.addresses]
        return max(networks, key=networks.count)

    @property
    def in_network(self) -> set[str]:
        """Those of them that are in `network`."""
        network = ipaddress.ip_network(self.network)
        return {a for a in self.addresses if ipaddress.ip_address(a) in network}


@contextmanager
def target_pods(cluster: Cluster) -> Iterator[Targets]:
    """Start target Pods in a namespace of their own; it goes, in the background, at the end."""
    namespace = f"targets-{uuid.uuid4().hex[:8]}"
    labels = {"scanyard.dev/test": "true"}
    body = {"metadata": {"name": namespace, "labels": labels}}
    cluster.request("POST", "/api/v1/namespaces", body).expect()
    path = f"/api/v1/namespaces/{namespace}/pods"
    try:
        for number in range(_COUNT):
            cluster.request("POST", path, _pod(f"target-{number}")).expect()
        pods = eventually(
            lambda: cluster.request("GET", path).expect()["items"], _all_ready, seconds=90
        )
        addresses = sorted((pod["status"]["podIP"] for pod in pods), key=ipaddress.ip_address)
        yield Targets(tuple(addresses))
    finally:
        cluster.request("DELETE", f"/api/v1/namespaces/{namespace}")


def _pod(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
            },
            "containers": [
                {
                    "name": "target",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "args": [*(f"{kind}:{port}" for port, kind in SERVICES.items()), "dns:53"],
                    "readinessProbe": {"tcpSocket": {"port": 443}, "periodSeconds": 1},
                }
            ],
        },
    }


def _all_ready(pods: list[dict[str, Any]]) -> bool:
    return len(pods) == _COUNT and all(
        any(
            item["type"] == "Ready" and item["status"] == "True"
            for item in pod["status"].get("conditions") or ()
        )
        for pod in pods
    )
