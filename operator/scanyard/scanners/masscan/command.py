"""ScanRequest → masscan's command line (masscan 1.3.2)."""

from __future__ import annotations

from typing import Final

from scanyard.errors import InvalidInputError
from scanyard.scanners.image import FINDINGS_PATH, MASSCAN
from scanyard.scanners.limits import check_number
from scanyard.scanners.ports import parse_ports
from scanyard.scanners.request import Command, MasscanOptions, Ports, ScanRequest
from scanyard.scanners.targets import count, merge, parse_targets

SOURCE_PORTS: Final = "61000-61015"
"""A power of two, above the ports that Linux gives to connections (32768-60999)."""

# --interactive prints each port as it is found: the JSON is flushed only every 4 KiB.
_ALWAYS: Final = ("--interactive", "-oJ", FINDINGS_PATH, "--source-port", SOURCE_PORTS)

# masscan refuses more than 10^9 addresses without any exclusion; this is the one it suggests.
_HUGE: Final = 1_000_000_000
_HARMLESS_EXCLUSION: Final = "255.255.255.255"


def masscan_command(request: ScanRequest, options: MasscanOptions) -> Command:
    """The command for `request`. Raises InvalidInputError."""
    rate = check_number(options.packets_per_second, 1, 1_000_000, "masscan.packetsPerSecond")
    retries = check_number(options.retries, 0, 5, "masscan.retries")
    wait = check_number(options.wait_seconds, 0, 60, "masscan.waitSeconds")
    targets = parse_targets(request.targets, request.exclude, request.resolved)
    # masscan takes no names: their pinned addresses stand in.
    intervals = merge((*targets.intervals, *targets.named))
    total = count(intervals, targets.excluded)
    if total == 0:
        raise InvalidInputError(
            "excludeTargets", "every target is excluded", "leave something to scan"
        )
    port_list, ports_per_host = _port_list(request.ports)
    excluded = targets.ranges(targets.excluded)
    if total > _HUGE and not excluded:
        excluded = [_HARMLESS_EXCLUSION]
    return Command(
        scanner="masscan",
        argv=(
            MASSCAN,
            *_ALWAYS,
            *("--rate", str(rate), "--retries", str(retries), "--wait", str(wait)),
            *("--ports", port_list),
            *(part for text in excluded for part in ("--exclude", text)),
            *(part for text in targets.ranges(intervals) for part in ("--range", text)),
        ),
        needs_net_raw=True,
        total_targets=total,
        probes=probes_sent(total * ports_per_host, rate=rate, retries=retries),
    )


def probes_sent(pairs: int, *, rate: int, retries: int) -> int:
    """How many packets masscan 1.3.2 sends for `pairs` of target and port.

    It walks past the end by `retries` seconds' worth and sends each step `retries` + 1 times
    (main.c, transmit_thread): (r + 1) * (pairs + r * rate), not the (r + 1)^2 * pairs that
    robertdavidgraham/masscan#599 suggests, which is the same only where pairs = rate.
    """
    return (retries + 1) * (pairs + retries * rate)


def _port_list(ports: Ports) -> tuple[str, int]:
    if ports.top is not None:
        raise InvalidInputError("ports.top", "masscan takes no top ports", "set ports.tcp or udp")
    tcp = parse_ports(ports.tcp, "ports.tcp") if ports.tcp is not None else None
    udp = parse_ports(ports.udp, "ports.udp") if ports.udp is not None else None
    if tcp is None and udp is None:
        raise InvalidInputError(
            "ports", "masscan needs the ports to scan", "set ports.tcp or ports.udp"
        )
    lists = [str(tcp)] if tcp else []
    # U: on each entry, so that none depends on its neighbours.
    lists += [f"U:{entry}" for entry in str(udp).split(",")] if udp else []
    return ",".join(lists), sum(len(p) for p in (tcp, udp) if p)
