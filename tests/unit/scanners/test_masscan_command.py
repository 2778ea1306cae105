"""MasscanOptions → masscan's command line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanyard.errors import InvalidInputError
from scanyard.scanners import Command, MasscanOptions, Ports, ScanRequest, build_command

_REQUEST = ScanRequest(
    targets=("192.0.2.0/28",), ports=Ports(tcp="80,22"), options=MasscanOptions()
)


def _values(command: Command, option: str) -> list[str]:
    argv = command.argv
    return [argv[i + 1] for i, argument in enumerate(argv) if argument == option]


def test_the_whole_command() -> None:
    assert build_command(_REQUEST).argv == (
        "/usr/bin/masscan",
        *("--interactive", "-oJ", "/dev/fd/3", "--source-port", "61000-61015"),
        *("--rate", "100", "--retries", "0", "--wait", "10"),
        *("--ports", "22,80", "--range", "192.0.2.0-192.0.2.15"),
    )


def test_it_always_needs_raw_sockets() -> None:
    assert build_command(_REQUEST).needs_net_raw


def test_names_become_their_pinned_addresses_and_nothing_is_scanned_twice() -> None:
    request = replace(
        _REQUEST,
        targets=("web", "192.0.2.7-192.0.2.9"),
        resolved={"web": ("192.0.2.8", "192.0.2.40", "2001:db8::1")},
    )
    command = build_command(request)
    assert _values(command, "--range") == ["192.0.2.7-192.0.2.9", "192.0.2.40"]
    assert command.total_targets == 4


def test_exclusions_and_udp() -> None:
    request = replace(
        _REQUEST, exclude=("192.0.2.1", "192.0.2.8/29"), ports=Ports(tcp="22", udp="53,69-70")
    )
    command = build_command(request)
    assert _values(command, "--exclude") == ["192.0.2.1", "192.0.2.8-192.0.2.15"]
    assert _values(command, "--ports") == ["22,U:53,U:69-70"]
    assert (command.total_targets, command.probes) == (7, 7 * 4)


@pytest.mark.parametrize(
    ("rate", "retries", "probes"), [(100, 0, 32), (100, 1, 264), (32, 1, 128), (1000, 2, 6096)]
)
def test_retries_are_counted_as_masscan_sends_them(rate: int, retries: int, probes: int) -> None:
    # Packets counted on a wire: 1,479 of 1,480 for 640 pairs at 100/s with one retry.
    options = MasscanOptions(packets_per_second=rate, retries=retries)
    assert build_command(replace(_REQUEST, options=options)).probes == probes


def test_a_huge_scan_gets_the_exclusion_that_masscan_wants_to_see() -> None:
    command = build_command(replace(_REQUEST, targets=("0.0.0.0/1",)))
    assert _values(command, "--exclude") == ["255.255.255.255"]


def test_ipv6_targets_need_no_option_of_their_own() -> None:
    command = build_command(replace(_REQUEST, targets=("fd00::1",)))
    assert _values(command, "--range") == ["fd00::1"]


@pytest.mark.parametrize(
    ("ports", "options", "field"),
    [
        (Ports(), {}, "ports"),
        (Ports(top=10), {}, "ports.top"),
        (Ports(tcp="80,U:1"), {}, "ports.tcp"),
        (Ports(tcp="80"), {"packets_per_second": 0}, "masscan.packetsPerSecond"),
        (Ports(tcp="80"), {"retries": -1}, "masscan.retries"),
        (Ports(tcp="80"), {"wait_seconds": 61}, "masscan.waitSeconds"),
        (Ports(tcp="80"), {"wait_seconds": "forever"}, "masscan.waitSeconds"),
    ],
)
def test_refuses_and_names_the_field(ports: Ports, options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build_command(replace(_REQUEST, ports=ports, options=MasscanOptions(**options)))
    assert caught.value.field == field
