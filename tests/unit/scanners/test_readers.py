"""What the runner learns from a scanner's lines: progress, ports not yet written out, the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanyard.scanners.discovered import MAX_DISCOVERED, Discovered
from scanyard.scanners.findings import HostFinding, PortFinding
from scanyard.scanners.masscan.reader import MasscanReader
from scanyard.scanners.nmap.reader import NmapReader
from scanyard.scanners.reading import new_reader

_DATA = Path(__file__).parent / "data"
_TEXT = (_DATA / "nmap-7.93.txt").read_text().splitlines()
_XML = (_DATA / "nmap-7.93.xml").read_bytes()
_RECORD = b'{"ip": "192.0.2.2", "ports": [{"port": 80, "proto": "tcp", "status": "open"}]}\n'


def _status(percent: str, rest: str) -> str:
    return f"rate:  0.10-kpps, {percent}% done, {rest}, found=3       "


def _keys(hosts: list[HostFinding]) -> set[tuple[str, int]]:
    return {(host.address, port.port) for host in hosts for port in host.ports}


def test_a_port_is_pending_until_its_host_is_whole() -> None:
    reader = NmapReader(["-sS", "-sU", "-sV", "--script"], 3)
    for line in _TEXT:
        reader.line(line)
    assert _keys(reader.pending()) == {("192.0.2.3", 22)}
    assert len(reader.feed(_XML)) == 3
    assert reader.rest() == []
    assert (reader.finished, reader.progress) == (True, 99)


def test_a_host_that_answered_is_kept_without_a_port() -> None:
    reader = NmapReader(["-sS"], 3)
    reader.feed(_XML[: _XML.index(b"</hosthint>") + 11])
    assert [(h.address, h.ports, h.whole) for h in reader.rest()] == [("192.0.2.3", (), False)]


def test_fingerprints_are_not_worth_a_log_line() -> None:
    reader = NmapReader([], 1)
    assert not reader.line("SF-Port80-TCP:V=7.93%I=7%D=11/22")
    assert not reader.line('SF:L,3A,"HTTP/1')
    assert reader.line("Discovered open port 80/tcp on 192.0.2.3")


@pytest.mark.parametrize(
    "line",
    [
        "Discovered open port 0/tcp on 192.0.2.1",
        "Discovered open port 80/tcp on evil.example",
        "Discovered open port 80/tcp on 192.0.2.1 and more",
        "| Discovered open port 80/tcp on 192.0.2.1",
        "Discovered open port 99999/tcp on 192.0.2.1",
    ],
)
def test_only_the_scanners_own_words_count(line: str) -> None:
    reader = NmapReader([], 1)
    reader.line(line)
    assert _keys(reader.rest()) == set()


def test_pending_ports_are_bounded_and_counted() -> None:
    discovered = Discovered()
    for host in range(2):
        for port in range(1, 60_001):
            discovered.line(f"Discovered open port {port}/tcp on 192.0.2.{host}")
    assert len(_keys(discovered.hosts())) == MAX_DISCOVERED
    assert discovered.left_out == 20_000
    discovered.forget_host("192.0.2.0")
    discovered.line("Discovered open port 1/udp on 192.0.2.9")
    assert ("192.0.2.9", 1) in _keys(discovered.hosts())


def test_masscan_says_how_far_it_is() -> None:
    reader = MasscanReader()
    seen = []
    for line in (
        _status(" 0.00", "  0:00:00 remaining"),
        _status("50.00", "  0:00:10 remaining"),
        _status("40.00", "  0:00:10 remaining"),
        _status("100.00", "waiting 10-secs"),
        _status("100.00", "waiting 5-secs"),
        _status("100.00", "waiting -3-secs"),
    ):
        assert not reader.line(line)
        seen.append(reader.progress)
    assert seen == [0, 45, 45, 90, 95, 99]
    assert reader.finished


def test_masscan_is_finished_only_when_all_was_sent() -> None:
    reader = MasscanReader()
    reader.line(_status("100.00", "  0:00:00 remaining"))
    reader.line("waiting several seconds to exit...      ")
    reader.line(_status("100.00", "waiting 9-secs"))
    assert not reader.finished


def test_masscan_stopped_while_it_waited_had_sent_all() -> None:
    reader = MasscanReader()
    reader.line(_status("100.00", "waiting 9-secs"))
    reader.line("waiting several seconds to exit...      ")
    assert reader.finished


def test_masscan_keeps_what_it_told_of_but_did_not_write() -> None:
    reader = MasscanReader()
    for port in (80, 81):
        reader.line(f"Discovered open port {port}/tcp on 192.0.2.2                         ")
    assert _keys(reader.feed(_RECORD)) == {("192.0.2.2", 80)}
    assert _keys(reader.rest()) == {("192.0.2.2", 81)}


def test_masscan_that_will_not_end_is_noticed() -> None:
    reader = MasscanReader()
    seen = [(reader.wants_nudge, reader.stalled(1), reader.stalled(91))]
    for waiting in ("waiting 3-secs", "waiting -31-secs"):
        reader.line(_status("100.00", waiting))
        seen.append((reader.wants_nudge, reader.stalled(1), reader.stalled(91)))
    assert seen == [(False, False, True), (True, False, True), (True, True, True)]


def test_silence_is_normal_for_nmap() -> None:
    assert not NmapReader([], 1).stalled(100_000)


def test_unreadable_records_are_a_problem() -> None:
    reader = MasscanReader()
    reader.feed(b"{]\n" + _RECORD)
    assert reader.problem == "1 of masscan's records cannot be read"


def test_other_scanners_are_not_ours_to_read() -> None:
    assert isinstance(new_reader("nmap", (), 1), NmapReader)
    assert isinstance(new_reader("masscan", (), 1), MasscanReader)
    with pytest.raises(KeyError):
        new_reader("zmap", (), 1)


def test_a_forgotten_port_leaves_its_neighbours() -> None:
    discovered = Discovered()
    for port in (1, 2):
        discovered.line(f"Discovered open port {port}/tcp on 192.0.2.1")
    discovered.forget_port("192.0.2.1", 1, "tcp")
    discovered.forget_port("192.0.2.1", 1, "udp")
    assert discovered.hosts() == [
        HostFinding("192.0.2.1", ports=(PortFinding(2, "tcp"),), whole=False)
    ]
