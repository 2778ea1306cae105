"""From a ScanJob's spec to the scanner's command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanyard.scanners import (
    Command,
    MasscanOptions,
    NmapOptions,
    Ports,
    ScanRequest,
    build_command,
)


def command_for(
    spec: Mapping[str, Any],
    *,
    exclude: Sequence[str],
    resolved: Mapping[str, tuple[str, ...]],
    packets_per_second: int = 0,
) -> Command:
    """Build the argv of a validated spec; `exclude` are the denied parts to leave out as well.

    `packets_per_second` holds where the spec states no rate; 0: none.
    Raises InvalidInputError for what the API server's rules let through and the scanner cannot do.
    """
    ports = spec.get("ports") or {}
    return build_command(
        ScanRequest(
            targets=tuple(spec["targets"]),
            exclude=(*(spec.get("excludeTargets") or ()), *exclude),
            ports=Ports(ports.get("tcp"), ports.get("udp"), ports.get("top")),
            options=_options(spec, packets_per_second),
            resolved=resolved,
        )
    )


def _options(spec: Mapping[str, Any], packets_per_second: int) -> NmapOptions | MasscanOptions:
    if spec["scanner"] == "masscan":
        raw = spec.get("masscan") or {}
        return MasscanOptions(
            packets_per_second=raw.get("packetsPerSecond") or MasscanOptions().packets_per_second,
            retries=raw.get("retries", 0),
            wait_seconds=raw.get("waitSeconds", 10),
        )
    raw = spec.get("nmap") or {}
    return NmapOptions(
        technique=raw.get("technique", "Connect"),
        timing=raw.get("timing", "Normal"),
        service_detection=raw.get("serviceDetection", False),
        os_detection=raw.get("osDetection", False),
        script_categories=tuple(raw.get("scriptCategories") or ()),
        skip_host_discovery=raw.get("skipHostDiscovery", False),
        disable_arp_ping=raw.get("disableArpPing", False),
        packets_per_second=raw.get("packetsPerSecond") or packets_per_second or None,
        max_retries=raw.get("maxRetries"),
        host_timeout_seconds=raw.get("hostTimeoutSeconds"),
    )
