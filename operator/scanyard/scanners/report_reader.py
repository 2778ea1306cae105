"""Reads a report that a hostile container may have written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from scanyard.errors import ScanyardError
from scanyard.scanners.report import MAX_MESSAGE, VERSION, HostReport, PortReport, Report

_MAX_INPUT: Final = 4096
_MAX_COUNT: Final = 2**48
_SCANNER = re.compile(r"[a-z][a-z0-9-]{0,30}")
_REASON = re.compile(r"([A-Z][A-Za-z0-9]{0,39})?")
_MESSAGE = re.compile(rf"[ -~]{{0,{MAX_MESSAGE}}}")
_HOSTNAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_PORT = re.compile(
    r"(?P<port>[1-9][0-9]{0,4})/(?P<protocol>tcp|udp|sctp|ip)"
    r"/(?P<state>open|closed|filtered|unfiltered|open\|filtered|closed\|filtered)"
    r"/(?P<service>[ -~]{0,64})"
)


class MalformedReportError(ScanyardError, ValueError):
    """A termination message that is not a report; treat the attempt as one without a result."""


def read_report(data: bytes | str) -> Report:
    """Read a report strictly, but for fields that are not known. Raises MalformedReportError."""
    raw = _load(data)
    if raw.get("version") != VERSION:
        raise MalformedReportError(f"report of an unknown version {str(raw.get('version'))[:20]!a}")
    return Report(
        scanner=_text(raw, "scanner", _SCANNER),
        complete=_flag(raw, "complete"),
        exit_code=_optional_number(raw, "exitCode", 255),
        signal=_optional_number(raw, "signal", 64),
        reason=_text(raw, "reason", _REASON),
        message=_text(raw, "message", _MESSAGE),
        progress=_number(raw, "progress", 100),
        hosts_up=_number(raw, "hostsUp", _MAX_COUNT),
        hosts_down=_number(raw, "hostsDown", _MAX_COUNT),
        hosts_total=_number(raw, "hostsTotal", _MAX_COUNT),
        open_ports=_number(raw, "openPorts", _MAX_COUNT),
        hosts=tuple(_host(item) for item in _list(raw, "hosts")),
        truncated=_flag(raw, "truncated"),
        cpu_millis=_optional_number(raw, "cpuMillis", _MAX_COUNT),
        peak_memory_bytes=_optional_number(raw, "peakMemoryBytes", _MAX_COUNT),
    )


def _load(data: bytes | str) -> Mapping[str, object]:
    if len(data) > _MAX_INPUT:
        raise MalformedReportError(f"report of {len(data)} characters, over {_MAX_INPUT}")
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedReportError("termination message is not a report") from error
    return _object(raw, "report")


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedReportError(f"{name} is not an object")
    return value


def _list(raw: Mapping[str, object], name: str) -> list[object]:
    value = raw.get(name, [])
    if not isinstance(value, list):
        raise MalformedReportError(f"{name} is not a list")
    return value


def _flag(raw: Mapping[str, object], name: str) -> bool:
    value = raw.get(name)
    if not isinstance(value, bool):
        raise MalformedReportError(f"{name} is not true or false")
    return value


def _number(raw: Mapping[str, object], name: str, high: int) -> int:
    value = raw.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise MalformedReportError(f"{name} is not a number of 0 to {high}")
    return value


def _optional_number(raw: Mapping[str, object], name: str, high: int) -> int | None:
    return None if raw.get(name) is None else _number(raw, name, high)


def _text(raw: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise MalformedReportError(f"{name} is not as it should be")
    return value


def _host(value: object) -> HostReport:
    raw = _object(value, "host")
    address = raw.get("address")
    try:
        # A str, for a number would be an address as well; without a zone, which may hold anything.
        if not isinstance(address, str) or "%" in address or str(ip_address(address)) != address:
            raise ValueError("not canonical")
    except ValueError as error:
        raise MalformedReportError("host without a canonical address") from error
    state = raw.get("state")
    if state not in ("up", "down"):
        raise MalformedReportError("host is neither up nor down")
    return HostReport(
        address=address,
        hostname=None if raw.get("hostname") is None else _text(raw, "hostname", _HOSTNAME),
        state=str(state),
        ports=tuple(_port(item) for item in _list(raw, "ports")),
    )


def _port(value: object) -> PortReport:
    match = _PORT.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65535:
        raise MalformedReportError("port is not as it should be")
    return PortReport(int(match["port"]), match["protocol"], match["state"], match["service"])
