"""What the runner needs from a scanner's output, whatever the scanner."""

from __future__ import annotations

from typing import Protocol

from scanyard.scanners.findings import HostFinding


class Reader(Protocol):
    """Reads one scan as it goes. Nothing that a scanner writes makes it raise."""

    def feed(self, data: bytes) -> list[HostFinding]:
        """Read a piece of the machine-readable output; the hosts that it completes."""

    def line(self, text: str) -> bool:
        """Read a line of stdout or stderr; whether people should see it in the log."""

    def pending(self) -> list[HostFinding]:
        """What the scanner told of and has not written out so far."""

    def rest(self) -> list[HostFinding]:
        """After the end: what was told of and never written out."""

    @property
    def left_out(self) -> int:
        """How many open ports were more than could be kept as pending."""

    @property
    def progress(self) -> int:
        """Percent of the whole scan, 0 to 99, never falling."""

    @property
    def finished(self) -> bool:
        """Whether the scanner said that it has done all of its work."""

    @property
    def problem(self) -> str:
        """Why its output cannot be read further; empty when it can."""

    @property
    def wants_nudge(self) -> bool:
        """Whether the scanner may sleep until a packet passes; see runner/nudge.py."""

    def stalled(self, silent_seconds: float) -> bool:
        """Whether the scanner will never end by itself, after so long without a word."""


def new_reader(scanner: str, argv: tuple[str, ...], total_targets: int) -> Reader:
    """The reader for a scanner of ours. Raises KeyError for any other."""
    if scanner == "nmap":
        from scanyard.scanners.nmap.reader import NmapReader  # noqa: PLC0415 quick start

        return NmapReader(argv, total_targets)
    if scanner == "masscan":
        from scanyard.scanners.masscan.reader import MasscanReader  # noqa: PLC0415 quick start

        return MasscanReader()
    raise KeyError(scanner)
