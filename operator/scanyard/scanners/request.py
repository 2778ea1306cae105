"""What a scan is asked to do, and the command that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Technique = Literal["Connect", "Syn", "Udp", "Discovery"]
Timing = Literal["Paranoid", "Sneaky", "Polite", "Normal", "Aggressive", "Insane"]
ScriptCategory = Literal["Default", "Safe", "Version", "Discovery", "Auth", "Vuln"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Which ports to probe; lists such as "22,80,8000-8100", or the `top` most common ones."""

    tcp: str | None = None
    udp: str | None = None
    top: int | None = None


@dataclass(frozen=True, slots=True)
class NmapOptions:
    """How nmap scans. Syn, Udp, Discovery, UDP ports and OS detection need raw sockets."""

    technique: Technique = "Connect"
    timing: Timing = "Normal"
    service_detection: bool = False
    os_detection: bool = False
    script_categories: tuple[ScriptCategory, ...] = ()
    skip_host_discovery: bool = False
    disable_arp_ping: bool = False
    packets_per_second: int | None = None
    max_retries: int | None = None
    host_timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class MasscanOptions:
    """How masscan scans. It always needs raw sockets."""

    packets_per_second: int = 100
    retries: int = 0
    wait_seconds: int = 10


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One scan, with every DNS name already resolved and checked against the scope.

    `targets` are addresses, networks, a-b ranges and DNS names; `exclude` the same without names.
    `resolved` maps each DNS name to the addresses that it is pinned to for this scan.
    """

    targets: tuple[str, ...]
    ports: Ports
    options: NmapOptions | MasscanOptions
    exclude: tuple[str, ...] = ()
    resolved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A scanner's command line and what it costs.

    `total_targets` counts addresses after exclusion. `probes` counts port probes: what masscan
    sends exactly, and what nmap sends at least (it repeats what is not answered, and adds host
    discovery, service detection and scripts).
    """

    scanner: str
    argv: tuple[str, ...]
    needs_net_raw: bool
    total_targets: int
    probes: int
