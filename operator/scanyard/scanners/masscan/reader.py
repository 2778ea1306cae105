"""Reads one masscan scan: JSON for findings, the status line for progress."""

from __future__ import annotations

import re
from typing import Final

from scanyard.scanners.discovered import Discovered
from scanyard.scanners.findings import HostFinding
from scanyard.scanners.masscan.records import MasscanRecords

# rate:  0.10-kpps, 12.34% done,   0:00:10 remaining, found=3
# rate:  0.00-kpps, 100.00% done, waiting 9-secs, found=3
_STATUS = re.compile(r"rate: *[\d.]+-kpps, *(\d{1,3}\.\d\d)% done, *(?:waiting (-?\d{1,9})-secs)?")
_STOPPING: Final = "waiting several seconds to exit"
_SENDING_SHARE: Final = 90

PATIENCE_SECONDS: Final = 90
"""It speaks every second once it sends, and gives up finding the router's address before that."""

MAX_OVERDUE_SECONDS: Final = 30


class MasscanReader:
    """A scanyard.scanners.reading.Reader."""

    def __init__(self) -> None:
        self._records = MasscanRecords()
        self._discovered = Discovered()
        self._percent = 0
        self._longest_wait = 1
        self._overdue_seconds = 0
        self._waiting = False
        self._stopped_early = False
        self._sent_all = False

    def feed(self, data: bytes) -> list[HostFinding]:
        return self._written_out(self._records.feed(data))

    def line(self, text: str) -> bool:
        status = _STATUS.match(text)
        if status:
            self._on_status(float(status[1]), status[2])
            return False
        if text.startswith(_STOPPING) and not self._sent_all:
            # A scan stopped at 99.996 % says 100.00 % from then on.
            self._stopped_early = True
        self._discovered.line(text)
        return bool(text.strip())

    def pending(self) -> list[HostFinding]:
        return self._discovered.hosts()

    def rest(self) -> list[HostFinding]:
        return [*self._written_out(self._records.rest()), *self._discovered.hosts()]

    @property
    def left_out(self) -> int:
        return self._discovered.left_out

    @property
    def progress(self) -> int:
        return self._percent

    @property
    def finished(self) -> bool:
        """Sent is total: the exit code can be 0 without it."""
        return self._sent_all

    @property
    def problem(self) -> str:
        count = self._records.unreadable
        return f"{count} of masscan's records cannot be read" if count else ""

    @property
    def wants_nudge(self) -> bool:
        return self._waiting

    def stalled(self, silent_seconds: float) -> bool:
        """masscan may wait for ever, its count below zero."""
        return self._overdue_seconds > MAX_OVERDUE_SECONDS or silent_seconds > PATIENCE_SECONDS

    def _on_status(self, sent_percent: float, waiting: str | None) -> None:
        percent = sent_percent / 100 * _SENDING_SHARE
        if waiting is not None:
            self._waiting = True
            self._overdue_seconds = max(-int(waiting), 0)
            left = max(int(waiting), 0)
            self._longest_wait = max(self._longest_wait, left)
            percent += (100 - _SENDING_SHARE) * (1 - left / self._longest_wait)
            self._sent_all = self._sent_all or (sent_percent >= 100 and not self._stopped_early)
        self._percent = max(self._percent, min(99, int(percent)))

    def _written_out(self, hosts: list[HostFinding]) -> list[HostFinding]:
        for host in hosts:
            for port in host.ports:
                self._discovered.forget_port(host.address, port.port, port.protocol)
        return hosts
