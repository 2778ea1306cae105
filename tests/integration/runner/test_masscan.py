"""The runner with the real masscan."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from scanyard.scanners import Command, MasscanOptions, Ports, ScanRequest, build_command
from tests.integration.runner.running import Runners
from tests.integration.runner.wire import OPEN_TCP, OPEN_UDP, SECOND_TARGET, TARGET, Wire

_BOTH = {(address, port, "tcp") for address in (TARGET, SECOND_TARGET) for port in OPEN_TCP}
_COUNTER = Path(__file__).with_name("syn_counter.py")


def _command(ports: Ports, **options: Any) -> Command:
    return build_command(ScanRequest((TARGET, SECOND_TARGET), ports, MasscanOptions(**options)))


def test_finds_what_is_open_and_ends_in_a_quiet_network(runners: Runners, wire: Wire) -> None:
    ports = Ports(tcp="20-90", udp=f"{OPEN_UDP}")
    command = _command(ports, packets_per_second=200, wait_seconds=2)
    ended = runners.scan(command, wire.inside(wire.scanner)).end()
    assert ended.report.complete
    assert ended.exit_code == 0
    assert ended.open_ports == {*_BOTH, (TARGET, OPEN_UDP, "udp")}
    assert (ended.report.hosts_up, ended.report.hosts_total) == (2, 2)
    assert ended.progress == 100
    # Without a nudge it would sleep until some packet passes, and none does here.


def test_a_stopped_scan_keeps_what_it_found(runners: Runners, wire: Wire) -> None:
    command = _command(Ports(tcp="1-20000"), packets_per_second=2000, wait_seconds=1)
    running = runners.scan(command, wire.inside(wire.scanner))
    running.wait_for("Discovered open port")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.report.complete, ended.report.reason) == (False, "Interrupted")
    assert ended.exit_code == 130
    assert ended.open_ports
    assert ended.open_ports <= _BOTH


def test_findings_survive_a_masscan_that_is_killed(runners: Runners, wire: Wire) -> None:
    command = _command(Ports(tcp="20-90"), packets_per_second=100, wait_seconds=60)
    running = runners.scan(command, wire.inside(wire.scanner), "--stop-seconds=0")
    for port in OPEN_TCP:
        running.wait_for(f"Discovered open port {port}/tcp on {TARGET}")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert ended.report.signal == signal.SIGKILL
    assert {(TARGET, port, "tcp") for port in OPEN_TCP} <= ended.open_ports


def test_retries_cost_as_many_packets_as_counted(runners: Runners, wire: Wire) -> None:
    command = _command(Ports(tcp="20-39"), packets_per_second=100, retries=1, wait_seconds=0)
    assert command.probes == 2 * (40 + 100)
    counter = [*wire.inside(wire.target), sys.executable, str(_COUNTER)]
    with subprocess.Popen(counter, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as counting:
        assert counting.stdout is not None
        assert counting.stdout.readline() == b"ready\n"
        assert runners.scan(command, wire.inside(wire.scanner)).end().report.complete
        printed, _ = counting.communicate(b"\n")
    # The first frame may go while the counter's socket is not yet scheduled.
    assert command.probes - 5 <= int(printed) <= command.probes


def test_a_network_without_a_way_out_is_masscans_own_error(runners: Runners) -> None:
    command = _command(Ports(tcp="80"))
    ended = runners.scan(command, ["unshare", "--net"]).end()
    assert ended.report.reason == "ScannerError"
    assert "FAIL" in ended.report.message
