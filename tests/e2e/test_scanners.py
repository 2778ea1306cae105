"""Every kind of scan finds exactly the known ports, and says what is down or closed."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.kube import Cluster
from tests.support.scans import Lab, Scan, open_ports, phase, ports
from tests.support.targets import (
    CLOSED_PORT,
    DOWN_ADDRESS,
    OPEN_TCP,
    OPEN_UDP,
    SERVICES,
    UDP_PORT,
    Targets,
)
from tests.support.watching import Object

#: For all scans together, on a busy machine with two cores.
_SECONDS: Final = 180.0
_TCP: Final = ",".join(map(str, (*SERVICES, CLOSED_PORT)))


def _specs(targets: Targets) -> Mapping[str, dict[str, Any]]:
    one = targets.one
    nmap: dict[str, Any] = {"scanner": "nmap", "targets": [one], "ports": {"tcp": _TCP}}
    masscan: dict[str, Any] = nmap | {
        "scanner": "masscan",
        "masscan": {"packetsPerSecond": 100, "waitSeconds": 3},
    }
    udp = {"udp": f"{UDP_PORT},{CLOSED_PORT}"}
    several = {"targets": [*targets.addresses, _range(targets), DOWN_ADDRESS]}
    return {
        "connect": nmap | {"nmap": {"technique": "Connect"}},
        "syn": nmap | {"nmap": {"technique": "Syn"}},
        "udp": nmap | {"ports": udp, "nmap": {"technique": "Udp"}},
        "services": nmap | {"nmap": {"serviceDetection": True}},
        "masscan": masscan,
        "down": nmap | {"targets": [DOWN_ADDRESS]},
        "several": nmap | several,
        "several-masscan": masscan | several,
        "network": nmap | {"targets": [targets.network]},
        "network-masscan": masscan | {"targets": [targets.network]},
    }


@dataclass(frozen=True, slots=True)
class Scans:
    """All scans, started together."""

    by_kind: Mapping[str, Scan]
    deadline: float

    def succeeded(self, kind: str) -> Object:
        """The ScanJob after its success; all of them share one deadline."""
        left = max(self.deadline - time.monotonic(), 1)
        job = self.by_kind[kind].finish(seconds=left)
        assert phase(job) == "Succeeded", job["status"]
        assert job["status"]["progress"] == 100
        return job

    def logged_ports(self, kind: str) -> list[dict[str, Any]]:
        """What the log tells of ports."""
        return [each for each in self.by_kind[kind].findings() if each["kind"] == "port"]


@pytest.fixture(scope="module")
def scans(shared_lab: Lab, targets: Targets) -> Scans:
    """One scan of each kind; a test waits for its own."""
    shared_lab.queue("scans", maxConcurrent=5)
    started = {
        name: shared_lab.submit(name, queue="scans", **spec)
        for name, spec in _specs(targets).items()
    }
    return Scans(started, time.monotonic() + _SECONDS)


@pytest.fixture(scope="module")
def other_pods(cluster: Cluster) -> set[str]:
    """Addresses of the cluster's other Pods: whatever runs there may have open ports, too."""
    pods = cluster.request("GET", "/api/v1/pods").expect()["items"]
    return {pod["status"]["podIP"] for pod in pods if pod["status"].get("podIP")}


@pytest.mark.parametrize("kind", ["connect", "syn", "services", "masscan"])
def test_finds_exactly_the_open_ports(scans: Scans, targets: Targets, kind: str) -> None:
    job = scans.succeeded(kind)
    assert open_ports(job) == {targets.one: OPEN_TCP}
    assert job["status"]["summary"]["openPorts"] == len(OPEN_TCP)


def test_finds_exactly_the_open_udp_port(scans: Scans, targets: Targets) -> None:
    job = scans.succeeded("udp")
    assert open_ports(job) == {targets.one: OPEN_UDP}
    assert ports(job)[targets.one][CLOSED_PORT, "udp"] == "closed"


@pytest.mark.parametrize("kind", ["connect", "syn"])
def test_reports_a_closed_port_as_closed(scans: Scans, targets: Targets, kind: str) -> None:
    """In the status, and among the findings in the log."""
    job = scans.succeeded(kind)
    assert ports(job)[targets.one][CLOSED_PORT, "tcp"] == "closed"
    logged = {finding["port"]: finding["state"] for finding in scans.logged_ports(kind)}
    assert logged == dict.fromkeys(SERVICES, "open") | {CLOSED_PORT: "closed"}


def test_names_the_services(scans: Scans) -> None:
    job = scans.succeeded("services")
    (host,) = job["status"]["summary"]["hosts"]
    services = {port["port"]: port.get("service") for port in host["ports"]}
    assert services[22] == "ssh"
    assert services[80] == "http"
    assert services[443] in {"https", "ssl/http"}
    products = {f["port"]: f.get("product") for f in scans.logged_ports("services")}
    assert products[22] == "OpenSSH"


def test_reports_a_host_that_is_down(scans: Scans) -> None:
    summary = scans.succeeded("down")["status"]["summary"]
    counts = ("hostsTotal", "hostsUp", "hostsDown", "openPorts")
    assert [summary[name] for name in counts] == [1, 0, 1, 0]
    assert summary["complete"] is True


@pytest.mark.parametrize("kind", ["several", "several-masscan"])
def test_scans_several_hosts(
    scans: Scans, targets: Targets, other_pods: set[str], kind: str
) -> None:
    """Addresses, a range that overlaps them, and a host that is down."""
    job = scans.succeeded(kind)
    found = open_ports(job)
    assert {a: found[a] for a in targets.addresses} == dict.fromkeys(targets.addresses, OPEN_TCP)
    assert _found_elsewhere(job, targets) <= other_pods
    summary = job["status"]["summary"]
    assert summary["hostsTotal"] == len({*targets.addresses, *_members(targets), DOWN_ADDRESS})
    assert DOWN_ADDRESS not in found


@pytest.mark.parametrize("kind", ["network", "network-masscan"])
def test_scans_a_network(scans: Scans, targets: Targets, other_pods: set[str], kind: str) -> None:
    job = scans.succeeded(kind)
    found = open_ports(job)
    ours = {a: found[a] for a in found if a in targets.addresses}
    assert ours == dict.fromkeys(targets.in_network, OPEN_TCP)
    assert _found_elsewhere(job, targets) <= other_pods
    summary = job["status"]["summary"]
    assert summary["hostsTotal"] == 16
    # Other tests' Pods may be more than a status has room for.
    assert summary["hostsUp"] == len(found) or summary["truncated"]
    assert summary["hostsUp"] >= len(found)
    assert found.keys() <= {str(a) for a in ipaddress.ip_network(targets.network)}


@pytest.mark.parametrize("kind", ["several", "network"])
def test_nmap_counts_hosts_that_are_down(scans: Scans, kind: str) -> None:
    summary = scans.succeeded(kind)["status"]["summary"]
    assert summary["hostsUp"] + summary["hostsDown"] == summary["hostsTotal"]


def _range(targets: Targets) -> str:
    """Three addresses, from the first target on."""
    members = _members(targets)
    return f"{members[0]}-{members[-1]}"


def _members(targets: Targets) -> list[str]:
    first = ipaddress.ip_address(targets.one)
    return [str(first + offset) for offset in range(3)]


def _found_elsewhere(job: Object, targets: Targets) -> set[str]:
    """Addresses with open ports that are none of our targets."""
    return {a for a, found in open_ports(job).items() if found and a not in targets.addresses}
