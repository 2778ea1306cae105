"""Everything counts once."""

from __future__ import annotations

import json

import pytest

from scanyard.runner import tally as module
from scanyard.runner.tally import Tally
from scanyard.scanners import PortReport
from scanyard.scanners.findings import HostFinding, PortFinding


def _piece(address: str, *ports: int, protocol: str = "tcp") -> HostFinding:
    return HostFinding(address, ports=tuple(PortFinding(p, protocol) for p in ports), whole=False)


def _counts(tally: Tally) -> tuple[int, int, int]:
    return tally.hosts_up, tally.hosts_down, tally.open_ports


def _kinds(tally: Tally) -> list[str]:
    return [json.loads(line)["kind"] for line in tally.lines()]


def test_repeated_records_count_once() -> None:
    tally = Tally("masscan", 4)
    for _ in range(3):
        tally.add(_piece("192.0.2.1", 80))
        tally.add(_piece("192.0.2.1", 80, protocol="udp"))
        tally.add(_piece("192.0.2.2", 80))
    assert _counts(tally) == (2, 0, 3)
    assert sorted(_kinds(tally)) == ["host", "host", "port", "port", "port"]


def test_a_host_that_was_scanned_twice_counts_once() -> None:
    tally = Tally("nmap", 1)
    for _ in range(2):
        tally.add(HostFinding("192.0.2.1", ports=(PortFinding(80, "tcp"),)))
    tally.add(_piece("192.0.2.1", 80))
    assert _counts(tally) == (1, 0, 1)


def test_only_open_ports_count_as_open() -> None:
    ports = (PortFinding(1, "tcp", "closed"), PortFinding(2, "udp", "open|filtered"))
    tally = Tally("nmap", 2)
    tally.add(HostFinding("192.0.2.1", ports=ports))
    tally.add(HostFinding("192.0.2.2", state="down"))
    assert _counts(tally) == (1, 1, 0)
    assert [p.state for p in tally.report().hosts[0].ports] == ["closed", "open|filtered"]


def test_pending_pieces_are_shown_without_being_counted_for_good() -> None:
    tally = Tally("nmap", 4)
    tally.add(HostFinding("192.0.2.1", ports=(PortFinding(80, "tcp"),)))
    pending = [_piece("192.0.2.1", 80), _piece("192.0.2.2", 22, 80), _piece("192.0.2.3")]
    for _ in range(2):
        report = tally.report(pending)
        assert (report.hosts_up, report.open_ports) == (3, 3)
        assert [h.address for h in report.hosts] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert tally.report().open_ports == 1


def test_what_hosts_call_themselves_stays_harmless() -> None:
    ports = (PortFinding(80, "tcp", service="ht\u202etp"), PortFinding(81, "tcp", service="x" * 99))
    tally = Tally("nmap", 1)
    tally.add(HostFinding("192.0.2.1", hostname="bad name\u202e", ports=ports))
    host = tally.report().hosts[0]
    assert host.hostname is None
    assert host.ports == (PortReport(80, "tcp"), PortReport(81, "tcp"))
    assert all(line.isascii() and b"\n" not in line for line in tally.lines())


def test_good_names_are_kept() -> None:
    tally = Tally("nmap", 1)
    tally.add(HostFinding("192.0.2.1", hostname="web-1.example_x.com"))
    assert tally.report().hosts[0].hostname == "web-1.example_x.com"


def test_silent_hosts_do_not_push_out_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DOWN_BYTES", 500)
    tally = Tally("nmap", 1000)
    for i in range(200):
        tally.add(HostFinding(f"192.0.2.{i}", state="down"))
    tally.add(HostFinding("192.0.3.1", ports=(PortFinding(80, "tcp"),)))
    assert _counts(tally) == (1, 200, 1)
    assert _kinds(tally)[-1] == "port"
    assert len(_kinds(tally)) < 20
    assert tally.left_out > 180
    report = tally.report()
    assert report.truncated
    assert [h.state for h in report.hosts].count("up") == 1


def test_findings_are_bounded_and_counts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FINDINGS_BYTES", 1000)
    tally = Tally("masscan", 1000)
    for port in range(1, 1001):
        tally.add(_piece("192.0.2.1", port))
    assert tally.open_ports == 1000
    assert sum(map(len, tally.lines())) <= 1000
    assert tally.report().truncated


def test_memory_for_what_was_seen_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    tally = Tally("masscan", 1000)
    for port in range(1, 101):
        tally.add(_piece("192.0.2.1", port))
    assert tally.open_ports == 100
    assert tally.report().truncated


def test_long_scripts_give_way_before_the_finding_does() -> None:
    tally = Tally("nmap", 1)
    port = PortFinding(80, "tcp", scripts={f"s{i}": "ü" * 2048 for i in range(4)})
    tally.add(HostFinding("192.0.2.1", ports=(port,)))
    last = list(tally.lines())[-1]
    assert len(last) < 8192
    assert json.loads(last)["scriptsLeftOut"] is True
