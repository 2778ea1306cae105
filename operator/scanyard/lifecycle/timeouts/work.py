"""How long a scan takes if little answers, from its addresses, ports, packet rate and technique.

The figures are those of nmap 7.93 and masscan 1.3.2 against addresses that answer nothing, which
takes longest; docs/timeouts.md compares them with measured scans. More addresses or ports, or a
lower rate, never make the time shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scanyard.scanners import MasscanOptions
from scanyard.scanners.nmap.command import DEFAULT_TOP_PORTS
from scanyard.scanners.ports import parse_ports


@dataclass(frozen=True, slots=True)
class _Pace:
    """Packets a second of a timing template; `serial`: it has one probe under way at a time."""

    unanswered: float
    answered: float
    serial: bool = False


#: Unanswered: ten probes under way, each given up after the template's first round-trip time
#: (1 s, 0.5 s, 0.25 s); the slow ones wait for each answer, or as long as their scan delay.
_PACES: Final = {
    "Paranoid": _Pace(1 / 300, 1 / 300, serial=True),
    "Sneaky": _Pace(1 / 15, 1 / 15, serial=True),
    "Polite": _Pace(1.0, 2.5, serial=True),
    "Normal": _Pace(10.0, 100.0),
    "Aggressive": _Pace(20.0, 200.0),
    "Insane": _Pace(40.0, 400.0),
}
#: Hosts that nmap takes together, see --max-hostgroup in scanners/nmap/command.py.
_HOST_GROUP: Final = 16
_RAW_DISCOVERY_PROBES, _CONNECT_DISCOVERY_PROBES = 4, 2
#: Linux answers so many closed UDP ports a second (icmp_ratelimit).
_UDP_ANSWERS_PER_SECOND: Final = 1.0
#: Beyond the ports themselves, for each host group.
_SERVICE_SECONDS, _OS_SECONDS, _SCRIPT_CATEGORY_SECONDS = 180, 30, 60
#: What a Pod surely sends of a higher rate.
_REACHED_PACKETS_PER_SECOND: Final = 50_000


@dataclass(frozen=True, slots=True)
class Work:
    """What a scan has to do. `packets_per_second` 0: it has no rate of its own.

    `options`: spec.nmap or spec.masscan as it stands in the ScanJob.
    """

    scanner: str
    addresses: int
    tcp_ports: int
    udp_ports: int
    packets_per_second: int
    options: Mapping[str, Any]

    @property
    def ports(self) -> int:
        """Ports on each address."""
        return self.tcp_ports + self.udp_ports


def work_of(spec: Mapping[str, Any], *, addresses: int, packets_per_second: int) -> Work:
    """Read a ScanJob's spec; `addresses` and the rate as they were found for it.

    Raises InvalidInputError for ports that no scanner takes.
    """
    options = spec.get(spec["scanner"]) or {}
    tcp, udp = _ports(spec.get("ports") or {}, options.get("technique", "Connect"), spec["scanner"])
    return Work(spec["scanner"], addresses, tcp, udp, packets_per_second, options)


def expected_seconds(work: Work) -> float:
    """How long the scanner runs if little answers."""
    return _masscan_seconds(work) if work.scanner == "masscan" else _nmap_seconds(work)


def _ports(ports: Mapping[str, Any], technique: str, scanner: str) -> tuple[int, int]:
    if scanner == "nmap" and technique == "Discovery":
        return 0, 0
    tcp, udp = (
        len(parse_ports(ports[kind], f"ports.{kind}")) if kind in ports else 0
        for kind in ("tcp", "udp")
    )
    if tcp or udp:
        return tcp, udp
    top = ports.get("top", DEFAULT_TOP_PORTS)
    return (0, top) if technique == "Udp" else (top, 0)


def _masscan_seconds(work: Work) -> float:
    """(retries + 1) x (pairs / rate + retries), see probes_sent, and the wait at the end."""
    defaults = MasscanOptions()
    rate = work.packets_per_second or defaults.packets_per_second
    retries = int(work.options.get("retries", defaults.retries))
    pairs = work.addresses * work.ports
    seconds: float = (retries + 1) * (pairs / min(rate, _REACHED_PACKETS_PER_SECOND) + retries)
    return seconds + int(work.options.get("waitSeconds", defaults.wait_seconds))


def _nmap_seconds(work: Work) -> float:
    options = work.options
    pace = _PACES[options.get("timing", "Normal")]
    slow, fast = _limited(pace.unanswered, work), _limited(pace.answered, work)
    # What is not answered is sent once more; only losses make nmap send more often.
    sent = 1 if options.get("maxRetries") == 0 else 2
    silent, others = work.addresses, 0
    if options.get("skipHostDiscovery"):
        seconds = 0.0
    else:
        seconds = sent * work.addresses * _discovery_probes(work) / slow
        # The rest have answered to discovery, where they are probed at all.
        silent = min(work.addresses, _HOST_GROUP)
        others = work.addresses - silent
    seconds += sent * work.tcp_ports * (silent / slow + others / fast)
    groups = -(-work.addresses // _HOST_GROUP)
    seconds += max(
        sent * work.udp_ports * work.addresses / slow,
        work.udp_ports * groups / _UDP_ANSWERS_PER_SECOND,
    )
    return seconds + _detection_seconds(options) * (work.addresses if pace.serial else groups)


def _limited(pace: float, work: Work) -> float:
    return min(pace, work.packets_per_second) if work.packets_per_second else pace


def _discovery_probes(work: Work) -> int:
    raw = (
        work.options.get("technique", "Connect") != "Connect"
        or work.options.get("osDetection", False)
        or work.udp_ports > 0
    )
    return _RAW_DISCOVERY_PROBES if raw else _CONNECT_DISCOVERY_PROBES


def _detection_seconds(options: Mapping[str, Any]) -> int:
    return (
        (_SERVICE_SECONDS if options.get("serviceDetection") else 0)
        + (_OS_SECONDS if options.get("osDetection") else 0)
        + _SCRIPT_CATEGORY_SECONDS * len(options.get("scriptCategories") or ())
    )
