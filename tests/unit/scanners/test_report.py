"""The report between the runner and the operator."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.scanners import (
    HostReport,
    MalformedReportError,
    PortReport,
    Report,
    read_report,
)

_HOSTS = (
    HostReport("192.0.2.9", state="down"),
    HostReport("192.0.2.2", hostname="web.example.com"),
    HostReport(
        "192.0.2.3",
        ports=(
            PortReport(22, "tcp", "open", "ssh"),
            PortReport(443, "tcp", "open", "ssl/http"),
            PortReport(53, "udp", "open|filtered", ""),
        ),
    ),
)
_REPORT = Report(
    scanner="nmap", complete=True, exit_code=0, progress=100, hosts_up=2, hosts_down=1,
    hosts_total=3, open_ports=2, hosts=_HOSTS, cpu_millis=230, peak_memory_bytes=41_943_040,
)  # fmt: skip


def test_what_is_written_is_read_with_open_hosts_first() -> None:
    read = read_report(_REPORT.encode())
    assert read == replace(_REPORT, hosts=(_HOSTS[2], _HOSTS[1], _HOSTS[0]))


def test_what_an_older_runner_does_not_know_may_be_missing() -> None:
    raw = json.loads(_REPORT.encode())
    del raw["cpuMillis"], raw["peakMemoryBytes"]
    read = read_report(json.dumps(raw))
    assert (read.cpu_millis, read.peak_memory_bytes) == (None, None)
    assert read.open_ports == 2


def test_counts_survive_when_lists_do_not_fit() -> None:
    hosts = tuple(
        HostReport(
            f"192.0.2.{i}", ports=tuple(PortReport(p, "tcp", "open", "http") for p in range(1, 200))
        )
        for i in range(200)
    )
    data = replace(_REPORT, hosts=hosts, hosts_up=200, open_ports=39_800).encode()
    read = read_report(data)
    assert len(data) <= 2048
    assert read.truncated
    assert (read.hosts_up, read.open_ports) == (200, 39_800)
    assert len(read.hosts) > 10
    assert all(host.ports for host in read.hosts)


def test_one_host_with_many_ports_keeps_most_of_the_room() -> None:
    ports = tuple(PortReport(p, "tcp", "open", "http") for p in range(1, 500))
    read = read_report(replace(_REPORT, hosts=(HostReport("192.0.2.1", ports=ports),)).encode())
    assert read.truncated
    assert len(read.hosts[0].ports) == 64


def test_open_ports_come_before_closed_ones() -> None:
    ports = tuple(PortReport(p, "tcp", "closed", "") for p in range(1, 400))
    hosts = (HostReport("192.0.2.1", ports=(*ports, PortReport(999, "tcp", "open", "x"))),)
    read = read_report(replace(_REPORT, hosts=hosts).encode())
    assert read.hosts[0].ports[0].port == 999


_texts = st.text(max_size=400)


@given(message=_texts, reason=st.text(max_size=60), hosts=st.integers(0, 300))
def test_never_longer_than_the_limit(message: str, reason: str, hosts: int) -> None:
    many = tuple(HostReport(f"10.0.{i // 250}.{i % 250}") for i in range(hosts))
    data = replace(_REPORT, message=message, reason=reason, hosts=many).encode()
    assert len(data) <= 2048
    assert data.isascii()
    assert b"\n" not in data


def _raw(**changes: Any) -> str:
    return json.dumps({**json.loads(_REPORT.encode()), **changes})


@pytest.mark.parametrize(
    "data",
    [
        "",
        "not json",
        "[]",
        "null",
        "[" * 3000,
        _raw(version=2),
        _raw(version="1"),
        _raw(scanner="nmap\u001b[31m"),
        _raw(scanner=7),
        _raw(complete="yes"),
        _raw(progress=101),
        _raw(progress=True),
        _raw(openPorts=-1),
        _raw(openPorts=1.5),
        _raw(openPorts=10**400),
        _raw(exitCode="0"),
        _raw(reason="not one word"),
        _raw(message="line\nbreak"),
        _raw(message="x" * 300),
        _raw(hosts={}),
        _raw(hosts=[7]),
        _raw(hosts=[{"address": 2130706433, "state": "up"}]),
        _raw(hosts=[{"address": "127.1", "state": "up"}]),
        _raw(hosts=[{"address": "fe80::1%x", "state": "up"}]),
        _raw(hosts=[{"address": "2001:DB8::1", "state": "up"}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "sideways"}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "hostname": "a b"}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "ports": [80]}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "ports": ["80/tcp/open"]}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "ports": ["65536/tcp/open/"]}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "ports": ["80/tcp/ajar/"]}]),
        _raw(hosts=[{"address": "192.0.2.1", "state": "up", "ports": ["80/tcp/open/\u202e"]}]),
        _raw(padding="x" * 4096),
    ],
)
def test_refuses_what_the_runner_never_writes(data: str) -> None:
    with pytest.raises(MalformedReportError):
        read_report(data)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_reading_raises_nothing_else(data: bytes | str) -> None:
    with pytest.raises(MalformedReportError):
        read_report(data)


@given(st.integers(0, 2047))
def test_a_cut_report_is_no_report(end: int) -> None:
    data = _REPORT.encode()
    if end < len(data):
        with pytest.raises(MalformedReportError):
            read_report(data[:end])


def test_later_additions_are_ignored() -> None:
    assert read_report(_raw(novelty=[1])).open_ports == 2
