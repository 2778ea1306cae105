"""Following the ScanJobs until all have finished: a live table, or plain lines in a build log."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.live import Live

from tests.demo import scans, table
from tests.demo.scans import Scan
from tests.demo.tools import DemoError, Tools

_TIMEOUT_SECONDS: Final = 300.0
_INTERVAL_SECONDS: Final = 1.0


def until_finished(tools: Tools, targets: dict[str, str], console: Console) -> list[Scan]:
    """Returns the ScanJobs when the last one has finished; raises DemoError if that takes long."""
    follow = _live if console.is_terminal else _plain
    return follow(tools, targets, console)


def _live(tools: Tools, targets: dict[str, str], console: Console) -> list[Scan]:
    read: list[Scan] = []
    with Live(console=console, auto_refresh=False) as live:
        for seconds, read in _readings(tools, targets):
            live.update(table.scans_table(read, seconds), refresh=True)
    return read


def _plain(tools: Tools, targets: dict[str, str], console: Console) -> list[Scan]:
    """A line for each change of a phase."""
    phases: dict[str, str] = {}
    read: list[Scan] = []
    for seconds, read in _readings(tools, targets):
        for scan in read:
            if phases.get(scan.name) != scan.phase:
                phases[scan.name] = scan.phase
                console.print(
                    f"{seconds:4.0f} s  {scan.queue:8} {scan.priority:4}  {scan.name:14} "
                    f"{scan.how:14} {scan.phase}"
                )
    return read


def _readings(tools: Tools, targets: dict[str, str]) -> Iterator[tuple[float, list[Scan]]]:
    """(seconds since the start, all ScanJobs), once a second, the last time when all finished."""
    started = time.monotonic()
    while True:
        read = scans.read(tools, targets)
        seconds = time.monotonic() - started
        yield seconds, read
        if all(scan.finished for scan in read):
            return
        if seconds > _TIMEOUT_SECONDS:
            raise DemoError(_too_slow(read))
        time.sleep(_INTERVAL_SECONDS)


def _too_slow(read: Sequence[Scan]) -> str:
    late = [scan for scan in read if not scan.finished]
    said = "; ".join(f"{scan.name} is {scan.phase} ({scan.message})" for scan in late[:3])
    return f"{len(late)} ScanJobs have not finished within {_TIMEOUT_SECONDS:.0f} s: {said}"
