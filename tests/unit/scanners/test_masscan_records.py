"""masscan's JSON as it is, and as it breaks."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.scanners.findings import HostFinding
from scanyard.scanners.masscan.records import MasscanRecords

_REAL = (Path(__file__).parent / "data" / "masscan-1.3.2.json").read_bytes()


def _read(*pieces: bytes) -> tuple[list[HostFinding], int]:
    records = MasscanRecords()
    found = [host for piece in pieces for host in records.feed(piece)]
    return found + records.rest(), records.unreadable


def _record(**port: object) -> bytes:
    whole = {"port": 80, "proto": "tcp", "status": "open", **port}
    return json.dumps({"ip": "192.0.2.2", "timestamp": "1", "ports": [whole]}).encode()


def test_a_real_scan() -> None:
    found, unreadable = _read(_REAL)
    assert sorted((h.address, p.port, p.protocol, p.state) for h in found for p in h.ports) == [
        (f"192.0.2.{i}", port, "tcp", "open") for i in range(2, 7) for port in (22, 80)
    ]
    assert unreadable == 0
    assert not any(h.whole for h in found)


def test_cut_at_every_byte_it_keeps_the_whole_records() -> None:
    whole = _read(_REAL)[0]
    ends = [i + 1 for i in range(len(_REAL)) if _REAL.startswith(b"} ] }\n", i - 4)]
    assert len(ends) == len(whole)
    for end in range(len(_REAL)):
        assert _read(_REAL[:end]) == (whole[: sum(e <= end for e in ends)], 0)


def test_the_pieces_do_not_matter() -> None:
    assert _read(*(_REAL[i : i + 1] for i in range(len(_REAL)))) == _read(_REAL)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[\n",
        b"[\n]\n",
        b"[\n" + _record() + b"\n,\n]\n",
        b"[\n" + _record() + b",\n{finished: 1}\n]\n",
        b"[\n" + _record() + b"\n][\n" + _record() + b"\n]\n",
        b"[" + _record() + b"," + _record() + b"]",
        _record() + b"\n" + _record(),
        b"\xef\xbb\xbf[\r\n" + _record() + b"\r\n]",
    ],
)
def test_broken_documents_give_all_their_records(document: bytes) -> None:
    found, unreadable = _read(document)
    assert len(found) == document.count(b'"ip"')
    assert unreadable == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"ip": "192.0.2.2", "ports": [}',
        b'{"ip": "192.0.2.2"',
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b'{"ip": "192.0.2.2", "ports": ' + b"[" * 100_000,
    ],
)
def test_a_bad_line_costs_itself_alone(line: bytes) -> None:
    found, unreadable = _read(_record() + b"\n" + line + b"\n" + _record() + b"\n")
    assert len(found) == 2
    assert unreadable == 1


@pytest.mark.parametrize(
    "port",
    [
        {"port": 0},
        {"port": 65536},
        {"port": "80"},
        {"port": True},
        {"proto": "icmp"},
        {"proto": ["tcp"]},
        {"status": "ajar"},
    ],
)
def test_what_is_no_port_is_no_finding(port: dict[str, object]) -> None:
    assert _read(_record(**port)) == ([], 0)


@pytest.mark.parametrize(
    "record", [b'{"ip": 7, "ports": []}', b'{"ip": "x", "ports": []}', b'{"ports": 1}', b"{}"]
)
def test_what_is_no_host_is_no_finding(record: bytes) -> None:
    assert _read(record) == ([], 0)


def test_banners_become_text_without_tricks() -> None:
    service = {"name": "ssh", "banner": "SSH\u001b[2J\u202e"}
    host = _read(_record(service=service))[0][0]
    assert host.ports[0].service == "ssh"
    assert host.ports[0].scripts["banner"].isprintable()


def test_bad_utf8_and_nul() -> None:
    line = b'{"ip": "192.0.2.2\xff\x00", "ports": [{"port": 80, "proto": "tcp"}]}\n'
    found, unreadable = _read(line + _record())
    assert len(found) == 1
    assert unreadable == 1


@given(st.binary(max_size=300), st.integers(0, len(_REAL)))
def test_nothing_makes_it_raise(junk: bytes, at: int) -> None:
    found, _ = _read(_REAL[:at], junk, _REAL[at:])
    assert len(found) >= 9 - junk.count(b"\n") or b'"' in junk or b"{" in junk


def test_an_endless_line_in_bounded_memory() -> None:
    records = MasscanRecords()
    tracemalloc.start()
    for _ in range(200):
        records.feed(b"{" + b"a" * 65536)
    assert records.unreadable == 1
    records.feed(b"\n")
    assert len(records.feed(_record() + b"\n")) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
