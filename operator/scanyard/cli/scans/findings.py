"""What a scan found, as a table: hosts with their ports, from the ScanJob's status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scanyard.cli.table import Cell, Column, Row

COLUMNS: Final = (
    Column("ADDRESS"),
    Column("NAME", least=12),
    Column("PORT", right=True),
    Column("STATE"),
    Column("SERVICE", least=10),
)


def rows(summary: Mapping[str, Any]) -> list[Row]:
    """A row for each port, or for a host without any."""
    found: list[Row] = []
    for host in summary.get("hosts") or ():
        address, name = host.get("address", ""), host.get("hostname", "")
        ports = host.get("ports") or ()
        found += [_port(address, name, port) for port in ports]
        if not ports:
            found.append((address, name, "", host.get("state", ""), ""))
    return found


def in_brief(summary: Mapping[str, Any]) -> str:
    """The counts, which are exact, and what is missing."""
    open_ports, up = summary.get("openPorts", 0), summary.get("hostsUp", 0)
    total = summary.get("hostsTotal", 0)
    hosts = f"{up} of {total} hosts up" if total else f"{_counted(up, 'host')} up"
    text = f"{_counted(open_ports, 'open port')}, {hosts}"
    if not summary.get("complete"):
        text += "; the scan did not finish, so more may be there"
    if summary.get("truncated"):
        text += "; not all fit here: `scanyard logs --findings` has the rest"
    return text


def _port(address: str, name: str, port: Mapping[str, Any]) -> Row:
    state = port.get("state", "")
    style = "green" if state == "open" else ""
    number = f"{port['port']}/{port['protocol']}"
    return (address, name, number, Cell(state, style), port.get("service", ""))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
