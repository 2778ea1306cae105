"""NmapOptions → nmap's command line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanyard.errors import InvalidInputError
from scanyard.scanners import Command, NmapOptions, Ports, ScanRequest, build_command

_REQUEST = ScanRequest(
    targets=("192.0.2.0/28",), ports=Ports(tcp="80,22,81-82"), options=NmapOptions()
)


def _command(ports: Ports = _REQUEST.ports, **options: Any) -> Command:
    return build_command(replace(_REQUEST, ports=ports, options=NmapOptions(**options)))


def _value(command: Command, option: str) -> str:
    return command.argv[command.argv.index(option) + 1]


def test_the_default_needs_no_privilege_and_says_so() -> None:
    command = _command()
    assert not command.needs_net_raw
    assert "--unprivileged" in command.argv
    assert "-sT" in command.argv
    assert _value(command, "-p") == "T:22,80-82"
    assert (command.total_targets, command.probes) == (16, 64)


@pytest.mark.parametrize(
    ("ports", "options"),
    [
        (Ports(tcp="80"), {"technique": "Syn"}),
        (Ports(udp="53"), {"technique": "Udp"}),
        (Ports(udp="53"), {}),
        (Ports(tcp="80"), {"os_detection": True}),
        (Ports(), {"technique": "Discovery"}),
    ],
)
def test_raw_scans_never_fall_back_in_silence(ports: Ports, options: dict[str, Any]) -> None:
    command = _command(ports, **options)
    assert command.needs_net_raw
    assert "--privileged" in command.argv


@pytest.mark.parametrize(
    ("ports", "technique", "expected"),
    [
        (Ports(tcp="80"), "Syn", ["-sS", "-p", "T:80"]),
        (Ports(tcp="80", udp="53"), "Connect", ["-sT", "-sU", "-p", "T:80,U:53"]),
        (Ports(udp="53,69"), "Connect", ["-sU", "-p", "U:53,69"]),
        (Ports(udp="53"), "Udp", ["-sU", "-p", "U:53"]),
        (Ports(), "Connect", ["-sT", "--top-ports", "1000"]),
        (Ports(top=20), "Udp", ["-sU", "--top-ports", "20"]),
        (Ports(), "Discovery", ["-sn"]),
    ],
)
def test_scan_types_and_ports(ports: Ports, technique: str, expected: list[str]) -> None:
    argv = list(_command(ports, technique=technique).argv)
    start = argv.index(expected[0])
    assert argv[start : start + len(expected)] == expected
    assert {a for a in argv if a in ("-sT", "-sS", "-sU", "-sn")} == {
        e for e in expected if e.startswith("-s")
    }


def test_pace_and_detection() -> None:
    command = _command(
        timing="Sneaky",
        service_detection=True,
        os_detection=True,
        skip_host_discovery=True,
        disable_arp_ping=True,
        packets_per_second=50,
        max_retries=0,
        host_timeout_seconds=90,
    )
    for option in ("-T1", "-sV", "-O", "-Pn", "--disable-arp-ping"):
        assert option in command.argv
    assert _value(command, "--max-rate") == "50"
    assert _value(command, "--max-retries") == "0"
    assert _value(command, "--host-timeout") == "90s"


def test_scripts_stay_on_their_targets() -> None:
    expression = _value(_command(script_categories=("Default", "Vuln")), "--script")
    assert expression.startswith("(((default) and not intrusive) or (vuln)) and not (broadcast or")
    for never in ("external", "brute", "dos", "exploit", "fuzzer", "malware", "ftp-bounce"):
        assert f" {never}" in expression
    assert "--script" not in _command().argv


def test_names_stay_names_and_all_their_addresses_are_scanned() -> None:
    request = replace(
        _REQUEST,
        targets=("web.example.com", "192.0.2.1"),
        resolved={"web.example.com": ("192.0.2.7", "192.0.2.8", "2001:db8::7")},
    )
    command = build_command(request)
    assert command.argv[-2:] == ("web.example.com", "192.0.2.1")
    assert "--resolve-all" in command.argv
    assert command.total_targets == 3


def test_an_address_that_a_name_also_has_counts_once() -> None:
    request = replace(
        _REQUEST, targets=("web", "192.0.2.7"), resolved={"web": ("192.0.2.7", "192.0.2.8")}
    )
    assert build_command(request).total_targets == 2


def test_ipv6_and_exclusions() -> None:
    request = replace(
        _REQUEST,
        targets=("2001:db8::/124",),
        exclude=("2001:db8::1-2001:db8::2", "2001:db8::f"),
    )
    command = build_command(request)
    assert "-6" in command.argv
    assert _value(command, "--exclude") == "2001:db8::1,2001:db8::2,2001:db8::f"
    assert command.total_targets == 13


def test_refuses_a_scan_of_nothing() -> None:
    with pytest.raises(InvalidInputError) as caught:
        build_command(replace(_REQUEST, exclude=("192.0.2.0/24",)))
    assert caught.value.field == "excludeTargets"


@pytest.mark.parametrize(
    ("ports", "options", "field"),
    [
        (Ports(tcp="80", top=5), {}, "ports.top"),
        (Ports(tcp="80"), {"technique": "Udp"}, "ports.tcp"),
        (Ports(tcp="80"), {"technique": "Discovery"}, "ports"),
        (Ports(), {"technique": "Discovery", "service_detection": True}, "nmap"),
        (Ports(), {"technique": "Discovery", "script_categories": ("Safe",)}, "nmap"),
        (Ports(top=0), {}, "ports.top"),
        (Ports(tcp="0"), {}, "ports.tcp"),
        (Ports(tcp="65536"), {}, "ports.tcp"),
        (Ports(tcp="22-21"), {}, "ports.tcp"),
        (Ports(tcp="22,"), {}, "ports.tcp"),
        (Ports(tcp="1,U:53"), {}, "ports.tcp"),
        (Ports(udp="53 -oX x"), {}, "ports.udp"),
        (Ports(tcp="1," * 2048 + "1"), {}, "ports.tcp"),
        (Ports(), {"technique": "-sS"}, "nmap.technique"),
        (Ports(), {"timing": "T5"}, "nmap.timing"),
        (Ports(), {"script_categories": ("Dos",)}, "nmap.scriptCategories"),
        (Ports(), {"packets_per_second": 0}, "nmap.packetsPerSecond"),
        (Ports(), {"max_retries": 21}, "nmap.maxRetries"),
        (Ports(), {"host_timeout_seconds": True}, "nmap.hostTimeoutSeconds"),
    ],
)
def test_refuses_and_names_the_field(ports: Ports, options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _command(ports, **options)
    assert caught.value.field == field


def test_refuses_a_command_line_that_no_pod_could_hold() -> None:
    # Each of these ranges is 30 networks.
    awkward = tuple(
        f"{i // 256 + 10}.{i % 256}.0.1-{i // 256 + 10}.{i % 256}.255.254" for i in range(1024)
    )
    build_command(replace(_REQUEST, targets=awkward[:500]))
    with pytest.raises(InvalidInputError, match="networks instead of ranges"):
        build_command(replace(_REQUEST, targets=awkward))
