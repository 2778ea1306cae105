"""The runner with the real nmap."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

import pytest

from scanyard.scanners import NmapOptions, Ports, ScanRequest, build_command
from tests.integration.runner.running import Runners, Running
from tests.integration.runner.wire import (
    NAME,
    NOBODY,
    OPEN_TCP,
    OPEN_UDP,
    SECOND_TARGET,
    TARGET,
    Wire,
)

_BOTH = {(address, port, "tcp") for address in (TARGET, SECOND_TARGET) for port in OPEN_TCP}


def _start(
    runners: Runners,
    wire: Wire,
    targets: tuple[str, ...],
    ports: Ports,
    *runner_options: str,
    resolved: Mapping[str, tuple[str, ...]] | None = None,
    **options: Any,
) -> Running:
    request = ScanRequest(targets, ports, NmapOptions(**options), resolved=resolved or {})
    return runners.scan(build_command(request), wire.inside(wire.scanner), *runner_options)


@pytest.mark.parametrize("technique", ["Connect", "Syn"])
def test_finds_what_is_open_and_what_is_not(runners: Runners, wire: Wire, technique: str) -> None:
    targets = (TARGET, SECOND_TARGET, NOBODY)
    ended = _start(runners, wire, targets, Ports(tcp="22,80-81"), technique=technique).end()
    assert ended.report.complete
    assert ended.exit_code == 0
    assert ended.open_ports == _BOTH
    states = {h.address: (h.state, [p.state for p in h.ports]) for h in ended.report.hosts}
    assert states == {
        TARGET: ("up", ["open", "open", "closed"]),
        SECOND_TARGET: ("up", ["open", "open", "closed"]),
        NOBODY: ("down", []),
    }
    counts = (ended.report.hosts_up, ended.report.hosts_down, ended.report.open_ports)
    assert counts == (2, 1, 4)
    assert len(ended.findings) == 3 + 6
    cpu, memory = ended.report.cpu_millis, ended.report.peak_memory_bytes
    assert cpu is not None
    assert 0 < cpu < 1000 * ended.seconds
    assert memory is not None
    assert 2**20 < memory < 2**30
    assert ended.progress == 100


def test_udp_and_discovery(runners: Runners, wire: Wire) -> None:
    udp = _start(runners, wire, (TARGET,), Ports(udp=f"{OPEN_UDP},5301"), technique="Udp")
    found = _start(runners, wire, ("192.0.2.0/28",), Ports(), technique="Discovery").end()
    assert (found.report.hosts_up, found.report.hosts_down) == (3, 13)
    assert udp.end().open_ports == {(TARGET, OPEN_UDP, "udp")}


def test_service_detection_names_the_product(runners: Runners, wire: Wire) -> None:
    ended = _start(
        runners, wire, (TARGET,), Ports(tcp="22"), service_detection=True,
        script_categories=("Default",),
    ).end()  # fmt: skip
    assert ended.report.complete
    assert any('"product":"OpenSSH","version":"9.2p1 Debian 2"' in f for f in ended.findings)


def test_a_name_is_scanned_at_all_its_pinned_addresses(runners: Runners, wire: Wire) -> None:
    pinned = {NAME: (TARGET, SECOND_TARGET)}
    ended = _start(runners, wire, (NAME,), Ports(tcp="22,80"), resolved=pinned).end()
    assert ended.report.complete
    assert ended.open_ports == _BOTH
    assert {h.hostname for h in ended.report.hosts} == {NAME}


def test_a_name_that_nmap_cannot_resolve_is_no_success(runners: Runners, wire: Wire) -> None:
    pinned = {"gone.example": (TARGET,)}
    ended = _start(runners, wire, ("gone.example",), Ports(tcp="22"), resolved=pinned).end()
    assert (ended.report.complete, ended.report.reason) == (False, "TargetsMissing")
    assert ended.exit_code == 65
    assert "gone.example" in ended.report.message


def test_a_stopped_scan_keeps_hosts_and_ports(runners: Runners, wire: Wire) -> None:
    running = _start(
        runners, wire, (TARGET, NOBODY), Ports(tcp="1-5000"), technique="Syn",
        packets_per_second=200,
    )  # fmt: skip
    running.wait_for("Discovered open port 80/tcp")
    running.wait_for("Discovered open port 22/tcp")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.report.complete, ended.report.reason) == (False, "Interrupted")
    assert ended.exit_code == 130
    assert ended.open_ports == {(TARGET, 22, "tcp"), (TARGET, 80, "tcp")}
    assert (ended.report.hosts_up, ended.report.hosts_down) == (1, 1)
    assert ended.report.progress < 100


def test_a_scan_past_its_time_says_so(runners: Runners, wire: Wire) -> None:
    running = _start(
        runners, wire, (TARGET,), Ports(tcp="1-5000"), "--timeout-seconds=4",
        packets_per_second=50,
    )  # fmt: skip
    ended = running.end()
    assert (ended.report.reason, ended.exit_code) == ("WatchdogExpired", 124)
    assert ended.report.hosts_up == 1


def test_what_nmap_refuses_is_its_own_error(runners: Runners, wire: Wire) -> None:
    argv = ("/usr/bin/nmap", "--no-such-option")
    ended = runners.start("nmap", argv, before=wire.inside(wire.scanner)).end()
    assert ended.report.reason == "ScannerError"
    assert "no-such-option" in ended.report.message
    assert ended.exit_code == 255
