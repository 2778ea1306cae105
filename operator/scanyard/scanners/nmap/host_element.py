"""One <host> element of nmap's XML, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from scanyard.scanners.addresses import canonical_address
from scanyard.scanners.findings import (
    MAX_SCRIPT_CHARACTERS,
    HostFinding,
    PortFinding,
    clean,
)

MAX_PORTS: Final = 3 * 65536
MAX_SCRIPTS: Final = 64
MAX_OS_MATCHES: Final = 3

Attributes = dict[str, str]


def number(text: str, low: int, high: int) -> int | None:
    """The number in `text` if it is one of `low` to `high`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        return None
    return int(text) if low <= int(text) <= high else None


@dataclass(slots=True)
class _Port:
    """One <port> element."""

    number: int
    protocol: str
    state: str = ""
    reason: str = ""
    service: Attributes = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)

    def finding(self) -> PortFinding:
        if not self.service:
            return PortFinding(
                self.number, self.protocol, self.state, self.reason, scripts=self.scripts
            )
        get = self.service.get
        name = clean(get("name", ""), 48)
        tunnel = clean(get("tunnel", ""), 8)
        return PortFinding(
            port=self.number,
            protocol=self.protocol,
            state=self.state,
            reason=self.reason,
            service=f"{tunnel}/{name}" if tunnel and name else name,
            product=clean(get("product", ""), 128),
            version=clean(get("version", ""), 64),
            extra=clean(get("extrainfo", ""), 128),
            scripts=self.scripts,
        )


@dataclass(slots=True)
class HostElement:
    """Hear of the elements inside <host>, then ask for the finding."""

    timed_out: bool = False
    _state: str = ""
    _reason: str = ""
    _address: str = ""
    _mac: str = ""
    _vendor: str = ""
    _hostname: str | None = None
    _named_by_user: bool = False
    _ports: list[PortFinding] = field(default_factory=list)
    _others: dict[str, int] = field(default_factory=dict)
    _os: list[tuple[str, int]] = field(default_factory=list)
    _scripts: dict[str, str] = field(default_factory=dict)
    _port: _Port | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins; unknown ones are ignored."""
        handler = _HANDLERS.get(name)
        if handler is not None:
            handler(self, attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "port" and self._port is not None:
            if self._port.state and len(self._ports) < MAX_PORTS:
                self._ports.append(self._port.finding())
            self._port = None

    def finding(self) -> HostFinding | None:
        """The whole host; None if it has no address or is neither up nor down."""
        # masscan's XML has no <status>.
        state = self._state or ("up" if self._ports else "")
        if not self._address or state not in ("up", "down"):
            return None
        return HostFinding(
            address=self._address,
            state=state,
            hostname=self._hostname,
            reason=self._reason,
            mac=self._mac,
            vendor=self._vendor,
            ports=tuple(self._ports),
            others=self._others,
            os=tuple(self._os),
            scripts=self._scripts,
            timed_out=self.timed_out,
        )

    def _on_status(self, attributes: Attributes) -> None:
        self._state = clean(attributes.get("state", ""), 16)
        self._reason = clean(attributes.get("reason", ""), 32)

    def _on_address(self, attributes: Attributes) -> None:
        text = attributes.get("addr", "")
        if attributes.get("addrtype") == "mac":
            self._mac = clean(text, 17)
            self._vendor = clean(attributes.get("vendor", ""), 64)
        elif not self._address:
            self._address = canonical_address(text) or ""

    def _on_hostname(self, attributes: Attributes) -> None:
        # The name that the user wrote wins over one that a name server told.
        by_user = attributes.get("type") == "user"
        if self._hostname is None or (by_user and not self._named_by_user):
            self._hostname = clean(attributes.get("name", ""), 253) or None
            self._named_by_user = by_user

    def _on_port(self, attributes: Attributes) -> None:
        port = number(attributes.get("portid", ""), 1, 65535)
        protocol = attributes.get("protocol", "")
        if port is not None and protocol in ("tcp", "udp", "sctp"):
            self._port = _Port(port, protocol)

    def _on_state(self, attributes: Attributes) -> None:
        if self._port is not None:
            self._port.state = clean(attributes.get("state", ""), 16)
            self._port.reason = clean(attributes.get("reason", ""), 32)

    def _on_service(self, attributes: Attributes) -> None:
        if self._port is not None:
            self._port.service = attributes

    def _on_script(self, attributes: Attributes) -> None:
        scripts = self._scripts if self._port is None else self._port.scripts
        output = clean(attributes.get("output", ""), MAX_SCRIPT_CHARACTERS)
        if output and len(scripts) < MAX_SCRIPTS:
            scripts[clean(attributes.get("id", ""), 64)] = output

    def _on_os(self, attributes: Attributes) -> None:
        accuracy = number(attributes.get("accuracy", ""), 0, 100)
        if accuracy is not None and len(self._os) < MAX_OS_MATCHES:
            self._os.append((clean(attributes.get("name", ""), 128), accuracy))

    def _on_others(self, attributes: Attributes) -> None:
        count = number(attributes.get("count", ""), 1, MAX_PORTS)
        state = clean(attributes.get("state", ""), 16)
        if count is not None and (state in self._others or len(self._others) < 8):
            self._others[state] = self._others.get(state, 0) + count


# ruff: noqa: SLF001 the table of its own methods
_HANDLERS: Final[dict[str, Callable[[HostElement, Attributes], None]]] = {
    "status": HostElement._on_status,
    "address": HostElement._on_address,
    "hostname": HostElement._on_hostname,
    "port": HostElement._on_port,
    "state": HostElement._on_state,
    "service": HostElement._on_service,
    "script": HostElement._on_script,
    "osmatch": HostElement._on_os,
    "extraports": HostElement._on_others,
}
