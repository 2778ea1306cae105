"""nmap's XML, pulled host by host in bounded memory.

Lenient about what nmap is known to do (a comment before the declaration, hosthint, scripts
without output, an end in the middle), strict about what it never does (deep nesting, huge
tokens, entities): then reading stops and what was whole stays.
"""

from __future__ import annotations

import codecs
from typing import Final, Protocol
from xml.parsers import expat

from scanyard.scanners.addresses import canonical_address
from scanyard.scanners.findings import HostFinding
from scanyard.scanners.nmap.host_element import Attributes, HostElement

MAX_DEPTH: Final = 64
MAX_TOKEN_BYTES: Final = 1024 * 1024
_ROOT: Final = b"<nmaprun"
_CHUNK: Final = 64 * 1024

# XML 1.0 allows no other control characters; expat gives up at the first.
_FORBIDDEN: Final = bytes(b for b in range(32) if b not in b"\t\n\r")
_REPLACED: Final = dict.fromkeys((*_FORBIDDEN, 0xFFFE, 0xFFFF), "\ufffd")


class XmlEvents(Protocol):
    """What else than hosts is worth hearing of."""

    def task(self, event: str, name: str, percent: float) -> None:
        """`event` is taskbegin, taskprogress or taskend."""

    def host_hint(self, address: str) -> None:
        """A host answered; its own element comes when the scan of its group is done."""


class _RefusedError(Exception):
    """The document is not one that nmap writes."""


class NmapXml:
    """A pull parser: feed it bytes, take whole hosts out."""

    def __init__(self, events: XmlEvents) -> None:
        self.problem = ""
        self.finished = False
        self._events = events
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._prologue = b""
        self._in_prologue = True
        self._closed = False
        self._depth = 0
        self._quiet_bytes = 0
        self._in_hint = False
        self._host: HostElement | None = None
        self._hosts: list[HostFinding] = []
        # The encoding is given, so that a declaration cannot choose another.
        self._expat = expat.ParserCreate("UTF-8")
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse_declaration
        self._expat.EntityDeclHandler = self._refuse_declaration

    def feed(self, data: bytes) -> list[HostFinding]:
        """The hosts that `data` completes. Sets `problem` instead of raising."""
        for start in range(0, len(data), _CHUNK):
            if self.problem or self._closed:
                break
            self._feed_chunk(data[start : start + _CHUNK])
        hosts, self._hosts = self._hosts, []
        return hosts

    def _feed_chunk(self, chunk: bytes) -> None:
        self._quiet_bytes += len(chunk)
        if self._in_prologue:
            chunk = self._skip_prologue(chunk)
        try:
            if self._quiet_bytes > MAX_TOKEN_BYTES:
                raise _RefusedError(f"no element within {MAX_TOKEN_BYTES} bytes")
            if chunk:
                self._expat.Parse(self._legible(chunk), False)
        except (expat.ExpatError, _RefusedError) as error:
            # Whatever follows the end of the root does not matter.
            if not self._closed:
                self.problem = f"nmap's XML cannot be read further: {error}"

    def _skip_prologue(self, chunk: bytes) -> bytes:
        """Nothing before the root is of use: not a misplaced comment, not a DOCTYPE."""
        self._prologue += chunk
        at = self._prologue.find(_ROOT)
        if at < 0:
            self._prologue = self._prologue[-len(_ROOT) :]
            return b""
        self._in_prologue = False
        rest, self._prologue = self._prologue[at:], b""
        return rest

    def _legible(self, chunk: bytes) -> bytes | str:
        """The chunk, with what XML does not allow replaced rather than the end of all reading."""
        clean = chunk.isascii() and len(chunk.translate(None, _FORBIDDEN)) == len(chunk)
        if clean and not self._decoder.getstate()[0]:
            return chunk
        return self._decoder.decode(chunk).translate(_REPLACED)

    @staticmethod
    def _refuse_declaration(*_: object) -> None:
        raise _RefusedError("document type declarations are not read")

    def _start(self, name: str, attributes: Attributes) -> None:
        self._quiet_bytes = 0
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _RefusedError(f"nested deeper than {MAX_DEPTH}")
        if name.startswith("task"):
            # Sometimes inside other elements (nmap/nmap#1601).
            self._on_task(name, attributes)
        elif self._host is not None:
            self._host.start(name, attributes)
        elif name == "host" and self._depth == 2:
            self._host = HostElement(timed_out=attributes.get("timedout") == "true")
        else:
            self._on_other(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._host is None:
            self._in_hint = self._in_hint and name != "hosthint"
        elif name == "host" and self._depth == 1:
            finding = self._host.finding()
            if finding is not None:
                self._hosts.append(finding)
            self._host = None
        else:
            self._host.end(name)
        self._closed = self._depth == 0

    def _on_other(self, name: str, attributes: Attributes) -> None:
        if name == "hosthint":
            self._in_hint = True
        elif name == "address" and self._in_hint:
            address = canonical_address(attributes.get("addr", ""))
            if address is not None:
                self._events.host_hint(address)
        elif name == "finished":
            self.finished = attributes.get("exit") == "success"

    def _on_task(self, event: str, attributes: Attributes) -> None:
        try:
            percent = float(attributes.get("percent", "0"))
        except ValueError:
            return
        self._events.task(event, attributes.get("task", "")[:64], percent)
