"""Nothing that a scan sends leaves the test cluster: watched from outside of the node."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
from collections.abc import Iterator

import pytest

from tests.cluster import cluster, node_image, settings

NOBODY = {
    "an address of the Pod subnet that no Pod has": "198.18.127.254",
    "an address of the Service subnet that no Service has": "198.19.255.254",
    "an address outside of the cluster": "198.51.100.1",  # RFC 5737: for documentation
}
PORTS = range(9000, 9010)
_ETHERNET_HEADER = 14
_EVERY_PROTOCOL = 3  # ETH_P_ALL

pytestmark = pytest.mark.skipif(
    os.environ.get("CLUSTER") == "existing", reason="the guard is part of our own nodes"
)


@pytest.fixture(scope="module")
def node() -> str:
    return cluster.nodes(settings.from_environment(os.environ))[0]


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def inside(node: str, command: str) -> str:
    done = docker("exec", node, "bash", "-c", command)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Witness:
    """Sees every frame on the Docker network's bridge, which is all that can leave a node."""

    def __init__(self) -> None:
        network = json.loads(docker("network", "inspect", "kind").stdout)[0]
        bridge = network["Options"].get(
            "com.docker.network.bridge.name", f"br-{network['Id'][:12]}"
        )
        self.gateway = next(
            pool["Gateway"] for pool in network["IPAM"]["Config"] if "." in pool["Gateway"]
        )
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL)
        )
        self._socket.bind((bridge, 0))
        self._socket.setblocking(False)

    def destinations(self) -> list[str]:
        """Where the IPv4 packets since the last call went."""
        found: list[str] = []
        while True:
            try:
                frame = self._socket.recv(2048)
            except BlockingIOError:
                return found
            if struct.unpack_from(">H", frame, 12) == (0x0800,):
                start = _ETHERNET_HEADER + 16
                found.append(socket.inet_ntoa(frame[start : start + 4]))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def witness() -> Iterator[Witness]:
    opened = Witness()
    yield opened
    opened.close()


def probe(node: str, address: str, namespace: str = "") -> None:
    """A small scan: one UDP and one TCP probe to each port."""
    entered = f"nsenter --net=/run/netns/{namespace} " if namespace else ""
    inside(
        node,
        f"for port in {' '.join(map(str, PORTS))}; do for kind in udp tcp; do "
        f"{entered}timeout 0.3 bash -c 'echo x > /dev/'$kind/{address}/$port; "
        "done; done 2> /dev/null; true",
    )


def pod_namespace(node: str) -> str:
    """The network namespace of some Pod."""
    names = [name for name in inside(node, "ls /run/netns").split() if name.startswith("cni-")]
    assert names, "no Pod with a network of its own runs on this node"
    return names[0]


def refused(node: str) -> int:
    listed = json.loads(inside(node, "nft -j list counter inet egress_guard refused"))
    return next(int(each["counter"]["packets"]) for each in listed["nftables"] if "counter" in each)


def test_the_witness_sees_what_may_leave_the_node(node: str, witness: Witness) -> None:
    probe(node, witness.gateway)
    assert witness.gateway in witness.destinations()


@pytest.mark.parametrize("address", NOBODY.values(), ids=NOBODY.keys())
@pytest.mark.parametrize("source", ["Pod", "node"])
def test_a_scan_of_nobody_stays_in_the_node(
    node: str, witness: Witness, address: str, source: str
) -> None:
    probe(node, address, pod_namespace(node) if source == "Pod" else "")
    assert address not in witness.destinations()


@pytest.mark.parametrize("source", ["Pod", "node"])
def test_what_would_leave_the_node_is_refused_and_counted(node: str, source: str) -> None:
    before = refused(node)
    probe(node, "198.51.100.1", pod_namespace(node) if source == "Pod" else "")
    assert refused(node) - before >= 2 * len(PORTS)


@pytest.mark.parametrize("unit", ["containerd.service", "kubelet.service"])
def test_nothing_that_could_send_starts_before_the_guard(node: str, unit: str) -> None:
    wanted = inside(node, f"systemctl show --value -p Requires {unit}").split()
    later_than = inside(node, f"systemctl show --value -p After {unit}").split()
    assert "egress-guard.service" in wanted
    assert "egress-guard.service" in later_than


def test_the_guard_unit_fails_without_a_guard(node: str) -> None:
    # A new network namespace has neither the rules nor the routes.
    assert docker("exec", node, "egress-guard", "check").returncode == 0
    assert docker("exec", node, "unshare", "--net", "egress-guard", "check").returncode != 0


@pytest.mark.parametrize(
    "options",
    [("--privileged", "--network=none"), ("--cap-drop=NET_ADMIN",)],
    ids=["no network", "no right to set rules"],
)
def test_a_node_without_its_guard_does_not_start(options: tuple[str, ...]) -> None:
    image = node_image.ensure(settings.from_environment(os.environ))
    started = docker("run", "--rm", *options, image)
    assert started.returncode != 0
    assert "egress-guard: failed" in started.stderr + started.stdout
    assert "detected cgroup" not in started.stderr + started.stdout
