"""Counts what a scan found, keeps the findings for the log and a sample for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from scanyard.scanners.findings import HostFinding, PortFinding, host_line, port_line
from scanyard.scanners.report import HostReport, PortReport, Report

MAX_FINDINGS_BYTES: Final = 8 * 1024 * 1024
"""Kubelets rotate a container's log at 10 MiB, and `kubectl logs` shows the newest file."""

MAX_DOWN_BYTES: Final = 1024 * 1024
"""Of these, for hosts that are down: a silent /16 shall not push out what was found."""

MAX_REMEMBERED: Final = 1_000_000
"""Hosts and ports remembered to count none twice, 75 MB; the count is no longer exact beyond."""

_SAMPLED_HOSTS: Final = {"open": 128, "up": 64, "down": 64}
_SAMPLED_PORTS: Final = 64


@dataclass(slots=True)
class _Sample:
    """One host as the report will show it."""

    state: str
    hostname: str | None
    ports: list[PortReport]

    @staticmethod
    def of(host: HostFinding) -> _Sample:
        sample = _Sample(host.state, _host_name(host.hostname), [])
        sample.add(host.ports)
        return sample

    def add(self, ports: Iterable[PortFinding]) -> None:
        opened_first = sorted(ports, key=lambda port: port.state != "open")
        room = _SAMPLED_PORTS - len(self.ports)
        self.ports += [
            PortReport(p.port, p.protocol, p.state, _word(p.service)) for p in opened_first[:room]
        ]

    def report(self, address: str) -> HostReport:
        return HostReport(address, self.hostname, self.state, tuple(self.ports))


class Tally:
    """Each host and port counts once, however often a scanner tells of it."""

    def __init__(self, scanner: str, total_targets: int) -> None:
        self.hosts_up = 0
        self.hosts_down = 0
        self.open_ports = 0
        self.timed_out = 0
        self.left_out = 0
        self._exact = True
        self._scanner = scanner
        self._total_targets = total_targets
        self._seen: set[int] = set()
        self._samples: dict[str, _Sample] = {}
        self._sampled = dict.fromkeys(_SAMPLED_HOSTS, 0)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._down_bytes = 0

    def add(self, host: HostFinding) -> None:
        """Count a whole host, or what is new in a piece of one."""
        if host.whole:
            if self._is_new((host.address, "whole")):
                self._count_host(host)
                self._count_ports(host)
            return
        piece = self._unknown_part(host)
        if piece is None:
            return
        if self._is_new((host.address,)):
            self._count_host(piece)
        for port in piece.ports:
            self._is_new((host.address, port.port, port.protocol))
        self._count_ports(piece)

    def lines(self) -> Iterator[bytes]:
        """All findings that were kept, as JSON."""
        return iter(self._lines)

    def report(self, pending: Iterable[HostFinding] = ()) -> Report:
        """Counts and samples, as if the `pending` pieces had been added."""
        samples = {address: sample.report(address) for address, sample in self._samples.items()}
        open_ports, hosts_up = self.open_ports, self.hosts_up
        for piece in filter(None, map(self._unknown_part, pending)):
            open_ports += sum(port.state == "open" for port in piece.ports)
            hosts_up += not self._knows((piece.address,))
            if len(samples) < sum(_SAMPLED_HOSTS.values()):
                samples.setdefault(piece.address, _Sample.of(piece).report(piece.address))
        return Report(
            scanner=self._scanner,
            hosts_up=hosts_up,
            hosts_down=self.hosts_down,
            hosts_total=self._total_targets,
            open_ports=open_ports,
            hosts=tuple(samples.values()),
            truncated=self.left_out > 0 or not self._exact,
        )

    def _unknown_part(self, piece: HostFinding) -> HostFinding | None:
        """What of a piece is not counted yet; None when nothing is."""
        if self._knows((piece.address, "whole")):
            return None
        ports = tuple(
            p for p in piece.ports if not self._knows((piece.address, p.port, p.protocol))
        )
        if not ports and self._knows((piece.address,)):
            return None
        return piece if len(ports) == len(piece.ports) else replace(piece, ports=ports)

    def _knows(self, key: tuple[object, ...]) -> bool:
        return hash(key) in self._seen

    def _is_new(self, key: tuple[object, ...]) -> bool:
        # The hash alone takes a third of the memory; one of 10^12 pairs collides in 64 bits with
        # a probability under 10^-7, and its seed is not known outside.
        number = hash(key)
        if number in self._seen:
            return False
        if len(self._seen) < MAX_REMEMBERED:
            self._seen.add(number)
        else:
            self._exact = False
        return True

    def _count_host(self, host: HostFinding) -> None:
        is_up = host.state == "up"
        self.hosts_up += is_up
        self.hosts_down += not is_up
        self.timed_out += host.timed_out
        if is_up or self._down_bytes < MAX_DOWN_BYTES:
            kept = self._keep(host_line, host)
            self._down_bytes += 0 if is_up else kept
        else:
            self.left_out += 1

    def _count_ports(self, host: HostFinding) -> None:
        self.open_ports += sum(port.state == "open" for port in host.ports)
        for port in host.ports:
            self._keep(port_line, host, port)
        self._take_sample(host)

    def _keep(self, encode: Callable[..., bytes], *finding: object) -> int:
        """Keep a finding's line if there is room; how many bytes it took."""
        # Encoding is what costs: it is not done for what will not be kept.
        line = encode(*finding) if self._bytes < MAX_FINDINGS_BYTES else None
        if line is None or self._bytes + len(line) > MAX_FINDINGS_BYTES:
            self._bytes = MAX_FINDINGS_BYTES
            self.left_out += 1
            return 0
        self._lines.append(line)
        self._bytes += len(line)
        return len(line)

    def _take_sample(self, host: HostFinding) -> None:
        known = self._samples.get(host.address)
        if known is not None:
            known.add(host.ports)
            return
        kind = "open" if any(p.state == "open" for p in host.ports) else host.state
        if self._sampled[kind] < _SAMPLED_HOSTS[kind]:
            self._sampled[kind] += 1
            self._samples[host.address] = _Sample.of(host)


def _word(text: str) -> str:
    """The name of a service, or nothing if a stranger made it up."""
    return text if len(text) <= 48 and text.isascii() and text.isprintable() else ""


def _host_name(text: str | None) -> str | None:
    plain = text is not None and text.isascii() and text.replace("-", "a").replace(".", "a")
    return text if plain and plain.replace("_", "a").isalnum() else None
