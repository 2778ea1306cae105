"""The runner's report: what the scan found, small enough for a termination message.

Written by the runner, read by the operator, which trusts none of it: a scan container may be
taken over by what it scans.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

VERSION: Final = 1
MAX_BYTES: Final = 2048
"""The kubelet keeps 4,096 bytes of a container, and 12 KiB of all containers of a Pod."""

MAX_MESSAGE: Final = 256
MAX_REASON: Final = 40

#: What the runner says of a scan that is not complete.
REASONS: Final = frozenset(
    {
        "ExecFailed",
        "Interrupted",
        "Killed",
        "NetRaw",
        "OutputTruncated",
        "OutputUnreadable",
        "RunnerError",
        "ScannerError",
        "ScannerKilled",
        "Stalled",
        "TargetsMissing",
        "UsageError",
        "WatchdogExpired",
        "WorkDirectory",
    }
)

_PORT_CAPS: Final = (64, 32, 16, 8, 4)


@dataclass(frozen=True, slots=True, order=True)
class PortReport:
    """One port. `state` is a word of nmap's such as open, closed or open|filtered."""

    port: int
    protocol: str
    state: str = "open"
    service: str = ""


@dataclass(frozen=True, slots=True)
class HostReport:
    """One host that is "up" or "down", by its address in canonical form."""

    address: str
    hostname: str | None = None
    state: str = "up"
    ports: tuple[PortReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """How a scan ended and what it found.

    `complete` is true only where the scanner itself finished all its work; else `reason` says in
    one CamelCase word why not. Counts are exact; `truncated` says that lists were cut to fit.
    `hosts_down` counts hosts that did not answer, which masscan cannot tell (0). `cpu_millis` and
    `peak_memory_bytes` are what the scanner's process took, once it is gone; None: not known.
    """

    scanner: str
    complete: bool = False
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    message: str = ""
    progress: int = 0
    hosts_up: int = 0
    hosts_down: int = 0
    hosts_total: int = 0
    open_ports: int = 0
    hosts: tuple[HostReport, ...] = ()
    truncated: bool = False
    cpu_millis: int | None = None
    peak_memory_bytes: int | None = None
    version: int = VERSION

    def encode(self, limit: int = MAX_BYTES) -> bytes:
        """One line of ASCII JSON of at most `limit` bytes (at least 1,024).

        Hosts with open ports come first, then other hosts that are up, then those that are down.
        What does not fit is left out, ports of hosts with many ports first, and `truncated` set.
        """
        ordered = sorted(self.hosts, key=_interest)
        whole = self._dump([_host_object(host, None) for host in ordered], self.truncated)
        if len(whole) <= limit:
            return whole
        for cap in _PORT_CAPS:
            encoded = [_host_object(host, cap) for host in ordered]
            attempt = self._dump(encoded, truncated=True)
            if len(attempt) <= limit:
                return attempt
        return self._dump(self._fitting(ordered, limit), truncated=True)

    def _fitting(self, ordered: list[HostReport], limit: int) -> list[object]:
        room = limit - len(self._dump([], truncated=True))
        kept: list[object] = []
        for host in ordered:
            encoded = _host_object(host, _PORT_CAPS[-1])
            room -= len(_json(encoded)) + 1
            if room < 0:
                break
            kept.append(encoded)
        return kept

    def _dump(self, hosts: Sequence[object], truncated: bool) -> bytes:
        return _json(
            {
                "version": self.version,
                "scanner": self.scanner,
                "complete": self.complete,
                "exitCode": self.exit_code,
                "signal": self.signal,
                "reason": self.reason[:MAX_REASON],
                "message": _plain(self.message)[:MAX_MESSAGE],
                "progress": self.progress,
                "hostsUp": self.hosts_up,
                "hostsDown": self.hosts_down,
                "hostsTotal": self.hosts_total,
                "openPorts": self.open_ports,
                "cpuMillis": self.cpu_millis,
                "peakMemoryBytes": self.peak_memory_bytes,
                "truncated": truncated,
                "hosts": hosts,
            }
        )


def _interest(host: HostReport) -> int:
    if any(port.state == "open" for port in host.ports):
        return 0
    return 1 if host.state == "up" else 2


def _host_object(host: HostReport, port_cap: int | None) -> dict[str, object]:
    """A host as JSON; its open ports first, each as "80/tcp/open/http"."""
    ports = sorted(host.ports, key=lambda port: (port.state != "open", port))[:port_cap]
    encoded: dict[str, object] = {"address": host.address, "state": host.state}
    if host.hostname is not None:
        encoded["hostname"] = host.hostname
    if ports:
        encoded["ports"] = [f"{p.port}/{p.protocol}/{p.state}/{p.service}" for p in ports]
    return encoded


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _plain(text: str) -> str:
    """Printable ASCII only, so that one character is one byte and no terminal obeys it."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)
