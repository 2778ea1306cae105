"""masscan's JSON, recovered record by record.

The document as a whole is often broken: a comma too many, no closing bracket, empty when nothing
was found, "][" after a resume, {finished: 1} at the end of old versions. Records are whole lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from scanyard.scanners.addresses import canonical_address
from scanyard.scanners.findings import MAX_SCRIPT_CHARACTERS, HostFinding, PortFinding, clean

MAX_LINE_BYTES: Final = 512 * 1024
"""A banner is at most 64 KiB, and its bytes take six characters each when escaped."""

MAX_PORTS_PER_RECORD: Final = 65536
_STATES: Final = ("open", "closed")
_PROTOCOLS: Final = ("tcp", "udp", "sctp")


class MasscanRecords:
    """Feed it bytes, take out one piece of a host per record."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._decoder = json.JSONDecoder()
        self._line = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[HostFinding]:
        """The records that `data` completes. Never raises; counts what is `unreadable`."""
        *lines, last = data.split(b"\n")
        found: list[HostFinding] = []
        for line in lines:
            found += self._read(self._line + line)
            self._line, self._skipping = b"", False
        self._line += b"" if self._skipping else last
        if len(self._line) > MAX_LINE_BYTES:
            self._line, self._skipping = b"", True
            self.unreadable += 1
        return found

    def rest(self) -> list[HostFinding]:
        """The records of a last line without an end; a cut one does not count as unreadable."""
        line, self._line = self._line, b""
        unreadable = self.unreadable
        found = list(self._read(line))
        self.unreadable = unreadable
        return found

    def _read(self, line: bytes) -> Iterator[HostFinding]:
        if self._skipping or b"{" not in line:
            return
        text = line.decode("utf-8", "replace")
        at = text.find("{")
        while at >= 0:
            try:
                record, at = self._decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                if not text[at:].startswith("{finished"):
                    self.unreadable += 1
                return
            finding = _finding(record)
            if finding is not None:
                yield finding
            at = text.find("{", at)


def _finding(record: object) -> HostFinding | None:
    if not isinstance(record, dict):
        return None
    ip, ports = record.get("ip"), record.get("ports")
    address = canonical_address(ip) if isinstance(ip, str) else None
    if address is None or not isinstance(ports, list):
        return None
    found = tuple(p for p in map(_port, ports[:MAX_PORTS_PER_RECORD]) if p is not None)
    return HostFinding(address=address, ports=found, whole=False) if found else None


def _port(raw: object) -> PortFinding | None:
    if not isinstance(raw, dict):
        return None
    number, protocol, state = raw.get("port"), raw.get("proto"), raw.get("status", "open")
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        return None
    if protocol not in _PROTOCOLS or state not in _STATES:
        return None
    service = raw.get("service")
    name, banner = "", ""
    if isinstance(service, dict):
        name = clean(str(service.get("name", "")), 48)
        banner = clean(str(service.get("banner", "")), MAX_SCRIPT_CHARACTERS)
    return PortFinding(
        port=number,
        protocol=protocol,
        state=state,
        reason=clean(str(raw.get("reason", "")), 32),
        service=name,
        scripts={"banner": banner} if banner else {},
    )
