"""Reads one nmap scan: XML for what is whole, lines for what is not yet."""

from __future__ import annotations

from collections.abc import Sequence

from scanyard.scanners.discovered import Discovered
from scanyard.scanners.findings import HostFinding
from scanyard.scanners.nmap.progress import NmapProgress
from scanyard.scanners.nmap.xml import NmapXml

# Fingerprints of unknown services: long, and of use to nmap's authors only.
_NOISE = ("SF:", "SF-Port", "==============NEXT SERVICE FINGERPRINT")


class NmapReader:
    """A scanyard.scanners.reading.Reader."""

    def __init__(self, argv: Sequence[str], total_targets: int) -> None:
        self._progress = NmapProgress(argv, total_targets)
        self._discovered = Discovered()
        self._xml = NmapXml(self)

    def feed(self, data: bytes) -> list[HostFinding]:
        hosts = self._xml.feed(data)
        for host in hosts:
            self._discovered.forget_host(host.address)
            self._progress.host_done()
        return hosts

    def line(self, text: str) -> bool:
        if not self._discovered.line(text):
            self._progress.line(text)
        return not text.startswith(_NOISE)

    def pending(self) -> list[HostFinding]:
        return self._discovered.hosts()

    def rest(self) -> list[HostFinding]:
        return self._discovered.hosts()

    @property
    def left_out(self) -> int:
        return self._discovered.left_out

    @property
    def progress(self) -> int:
        return self._progress.percent

    @property
    def finished(self) -> bool:
        return self._xml.finished

    @property
    def problem(self) -> str:
        return self._xml.problem

    @property
    def wants_nudge(self) -> bool:
        return False

    def stalled(self, silent_seconds: float) -> bool:
        """nmap ends by itself, and may be silent for long in service detection and scripts."""
        del silent_seconds
        return False

    def task(self, event: str, name: str, percent: float) -> None:
        """From the XML."""
        self._progress.task(event, name, percent)

    def host_hint(self, address: str) -> None:
        """From the XML."""
        self._discovered.host_up(address)
