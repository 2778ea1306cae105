"""How each kind of scan is run and read: options → argv, output → findings and progress.

Standard library only: the runner in the scan container imports from here. The names below are
loaded when they are first used, so that the runner pays only for what it needs at its start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanyard.scanners.registry import build_command
    from scanyard.scanners.report import HostReport, PortReport, Report
    from scanyard.scanners.report_reader import MalformedReportError, read_report
    from scanyard.scanners.request import (
        Command,
        MasscanOptions,
        NmapOptions,
        Ports,
        ScanRequest,
    )
    from scanyard.scanners.targets import Interval, literal_intervals, subtract

__all__ = [
    "Command",
    "HostReport",
    "Interval",
    "MalformedReportError",
    "MasscanOptions",
    "NmapOptions",
    "PortReport",
    "Ports",
    "Report",
    "ScanRequest",
    "build_command",
    "literal_intervals",
    "read_report",
    "subtract",
]

_HOMES = {
    "build_command": "registry",
    "HostReport": "report",
    "MalformedReportError": "report_reader",
    "PortReport": "report",
    "Report": "report",
    "read_report": "report_reader",
    "Interval": "targets",
    "literal_intervals": "targets",
    "subtract": "targets",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'request')}"), name)
