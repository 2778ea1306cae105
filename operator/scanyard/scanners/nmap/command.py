"""ScanRequest → nmap's command line (nmap 7.93)."""

from __future__ import annotations

from typing import Final

from scanyard.errors import InvalidInputError
from scanyard.scanners.image import FINDINGS_PATH, NMAP
from scanyard.scanners.limits import check_number, check_word
from scanyard.scanners.nmap.scripts import script_expression
from scanyard.scanners.ports import parse_ports
from scanyard.scanners.request import Command, NmapOptions, ScanRequest
from scanyard.scanners.targets import TargetSet, count, merge, parse_targets

DEFAULT_TOP_PORTS: Final = 1000
"""nmap's own default, written out."""

_TECHNIQUES: Final = ("Connect", "Syn", "Udp", "Discovery")
_TIMINGS: Final = ("Paranoid", "Sneaky", "Polite", "Normal", "Aggressive", "Insane")

# No reverse look-ups, no keyboard; -v prints ports as they are found, which is all that an
# interrupted scan keeps of its unfinished hosts.
_ALWAYS: Final = ("-n", "-v", "--noninteractive", "--stats-every", "5s", "-oX", FINDINGS_PATH)


def nmap_command(request: ScanRequest, options: NmapOptions) -> Command:
    """The command for `request`. Raises InvalidInputError."""
    check_word(options.technique, _TECHNIQUES, "nmap.technique")
    targets = parse_targets(request.targets, request.exclude, request.resolved)
    total = count(merge((*targets.intervals, *targets.named)), targets.excluded)
    if total == 0:
        raise InvalidInputError(
            "excludeTargets", "every target is excluded", "leave something to scan"
        )
    scan, ports_per_host = _scan_arguments(request, options)
    raw = options.technique != "Connect" or options.os_detection or "-sU" in scan
    return Command(
        scanner="nmap",
        argv=(
            NMAP,
            *_ALWAYS,
            "--privileged" if raw else "--unprivileged",
            *_host_group(total),
            *scan,
            *_detection_arguments(options),
            *_pace_arguments(options),
            *_target_arguments(targets),
        ),
        needs_net_raw=raw,
        total_targets=total,
        probes=total * ports_per_host,
    )


def _host_group(total_targets: int) -> tuple[str, str]:
    """Hosts are reported a group at a time: small groups lose little when a scan is cut short."""
    return ("--max-hostgroup", "16" if total_targets <= 256 else "64")


def _scan_arguments(request: ScanRequest, options: NmapOptions) -> tuple[tuple[str, ...], int]:
    """Scan types and ports, and how many ports each host is probed on."""
    if options.technique == "Discovery":
        _check_discovery(request, options)
        return ("-sn",), 1
    tcp_type = "-sS" if options.technique == "Syn" else "-sT"
    ports = request.ports
    if ports.tcp is not None and options.technique == "Udp":
        raise InvalidInputError(
            "ports.tcp", "technique Udp scans no TCP ports", "remove it, or use Connect or Syn"
        )
    if ports.tcp is None and ports.udp is None:
        top = DEFAULT_TOP_PORTS if ports.top is None else ports.top
        check_number(top, 1, 65535, "ports.top")
        scan_type = "-sU" if options.technique == "Udp" else tcp_type
        return (scan_type, "--top-ports", str(top)), top
    if ports.top is not None:
        raise InvalidInputError("ports.top", "cannot stand beside tcp or udp", "keep one of them")
    return _listed_ports(tcp_type, ports.tcp, ports.udp)


def _listed_ports(tcp_type: str, tcp: str | None, udp: str | None) -> tuple[tuple[str, ...], int]:
    types, lists, per_host = [], [], 0
    for scan_type, prefix, text, field in (
        (tcp_type, "T:", tcp, "ports.tcp"),
        ("-sU", "U:", udp, "ports.udp"),
    ):
        if text is not None:
            port_set = parse_ports(text, field)
            types.append(scan_type)
            lists.append(f"{prefix}{port_set}")
            per_host += len(port_set)
    return (*types, "-p", ",".join(lists)), per_host


def _check_discovery(request: ScanRequest, options: NmapOptions) -> None:
    ports = request.ports
    if (ports.tcp, ports.udp, ports.top) != (None, None, None):
        raise InvalidInputError(
            "ports", "technique Discovery only finds hosts", "remove ports, or use Connect or Syn"
        )
    if (
        options.service_detection
        or options.os_detection
        or options.script_categories
        or options.skip_host_discovery
    ):
        raise InvalidInputError(
            "nmap",
            "technique Discovery only finds hosts",
            "remove serviceDetection, osDetection, scriptCategories and skipHostDiscovery, "
            "or use Connect or Syn",
        )


def _detection_arguments(options: NmapOptions) -> tuple[str, ...]:
    script = script_expression(options.script_categories)
    return (
        *(("-sV",) if options.service_detection else ()),
        *(("-O",) if options.os_detection else ()),
        *(("--script", script) if script else ()),
        *(("-Pn",) if options.skip_host_discovery else ()),
        *(("--disable-arp-ping",) if options.disable_arp_ping else ()),
    )


def _pace_arguments(options: NmapOptions) -> tuple[str, ...]:
    check_word(options.timing, _TIMINGS, "nmap.timing")
    arguments = [f"-T{_TIMINGS.index(options.timing)}"]
    for value, low, high, field, name, unit in (
        (options.packets_per_second, 1, 1_000_000, "packetsPerSecond", "--max-rate", ""),
        (options.max_retries, 0, 20, "maxRetries", "--max-retries", ""),
        (options.host_timeout_seconds, 1, 1_209_600, "hostTimeoutSeconds", "--host-timeout", "s"),
    ):
        if value is not None:
            check_number(value, low, high, f"nmap.{field}")
            arguments += [name, f"{value}{unit}"]
    return tuple(arguments)


def _target_arguments(targets: TargetSet) -> tuple[str, ...]:
    """7.93 takes no a.b.c.d-e.f.g.h ranges, and IPv6 only after -6.

    Names stay names, which scripts and TLS need; /etc/hosts pins them, and --resolve-all scans
    all the pinned addresses instead of the first.
    """
    return (
        *(("-6",) if targets.family == 6 else ()),
        *(("--resolve-all",) if targets.names else ()),
        *(("--exclude", ",".join(targets.networks(targets.excluded))) if targets.excluded else ()),
        *targets.names,
        *targets.networks(targets.intervals),
    )
