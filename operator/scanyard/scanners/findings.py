"""What scanners find, in one shape for all of them, and as JSON Lines.

A scanner's output is hostile input: it repeats what strangers' hosts said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_LINE_BYTES: Final = 8192
"""Of one finding; container runtimes split log lines at 16 KiB."""

MAX_SCRIPT_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True)
class PortFinding:
    """A port and what answers there. `scripts` maps script names to their output."""

    port: int
    protocol: str
    state: str = "open"
    reason: str = ""
    service: str = ""
    product: str = ""
    version: str = ""
    extra: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostFinding:
    """A host: `whole` when the scanner is done with it, else a piece that others may add to.

    `others` counts ports that are not listed, by state; `os` are guesses with their accuracy in
    percent. The ports of a host that `timed_out` are unknown, not closed.
    """

    address: str
    state: str = "up"
    hostname: str | None = None
    reason: str = ""
    mac: str = ""
    vendor: str = ""
    ports: tuple[PortFinding, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    os: tuple[tuple[str, int], ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    timed_out: bool = False
    whole: bool = True


def host_line(host: HostFinding) -> bytes:
    """The host itself as a line of JSON, without its ports."""
    return _line(
        {
            "kind": "host",
            "address": host.address,
            "state": host.state,
            "hostname": host.hostname,
            "reason": host.reason,
            "mac": host.mac,
            "vendor": host.vendor,
            "otherPorts": dict(host.others),
            "os": [{"name": name, "accuracy": accuracy} for name, accuracy in host.os],
            "timedOut": host.timed_out,
            "partial": not host.whole,
        },
        host.scripts,
    )


def port_line(host: HostFinding, port: PortFinding) -> bytes:
    """One port of the host as a line of JSON."""
    return _line(
        {
            "kind": "port",
            "address": host.address,
            "port": port.port,
            "protocol": port.protocol,
            "state": port.state,
            "reason": port.reason,
            "service": port.service,
            "product": port.product,
            "version": port.version,
            "extra": port.extra,
        },
        port.scripts,
    )


def clean(text: str, limit: int) -> str:
    """At most `limit` printable characters, without control or invisible formatting ones."""
    text = text[:limit]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _line(fields: dict[str, object], scripts: Mapping[str, str]) -> bytes:
    """Only what is known is written; scripts give way when the line gets too long."""
    known = {k: v for k, v in fields.items() if v not in ("", None, False, {}, [])}
    line = _dump({**known, "scripts": dict(scripts)} if scripts else known)
    if len(line) > MAX_LINE_BYTES:
        line = _dump({**known, "scriptsLeftOut": True})
    return line


def _dump(value: dict[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode("ascii")
