"""How a scan ended: what the report says of it, and the runner's exit code."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from scanyard.runner.usage import Usage
from scanyard.scanners.reading import Reader
from scanyard.scanners.report import MAX_MESSAGE, Report

EXIT_COMPLETE: Final = 0
EXIT_INCOMPLETE: Final = 65
"""The scanner said 0, but its output does not hold all of its work."""

EXIT_TIMEOUT: Final = 124
EXIT_USAGE: Final = 64
EXIT_RUNNER_ERROR: Final = 70
EXIT_NET_RAW: Final = 126
EXIT_NO_EXEC: Final = 127


@dataclass(frozen=True, slots=True)
class End:
    """What is known once the scanner is gone. `status` is as waitpid(2) gives it."""

    status: int
    stop_reason: str
    complaints: Sequence[str]
    usage: Usage = field(default_factory=Usage)


def final_report(found: Report, reader: Reader, end: End) -> Report:
    """`found` with the way it ended: complete only when the scanner did all of its work."""
    code = os.WEXITSTATUS(end.status) if os.WIFEXITED(end.status) else None
    killer = os.WTERMSIG(end.status) if os.WIFSIGNALED(end.status) else None
    reason, message = _verdict(found, reader, end, code, killer)
    return replace(
        found,
        complete=not reason,
        exit_code=code,
        signal=killer,
        reason=reason,
        message=message[:MAX_MESSAGE],
        progress=reader.progress if reason else 100,
        cpu_millis=end.usage.cpu_millis,
        peak_memory_bytes=end.usage.peak_memory_bytes,
    )


def exit_code(report: Report) -> int:
    """0 when complete; else the scanner's own, or one that says what happened."""
    if report.complete:
        return EXIT_COMPLETE
    if report.reason == "WatchdogExpired":
        return EXIT_TIMEOUT
    if report.signal is not None:
        return 128 + report.signal
    if report.reason == "Interrupted":
        return 128 + signal.SIGINT
    return report.exit_code or EXIT_INCOMPLETE


def _verdict(
    found: Report, reader: Reader, end: End, code: int | None, killer: int | None
) -> tuple[str, str]:
    """Reason and message; no reason when complete. A complete scan wins over being stopped."""
    name, last = found.scanner, "; ".join(end.complaints)
    missing = _missing_hosts(found)
    if code == 0 and reader.finished and not reader.problem and not missing:
        return "", ""
    if end.stop_reason:
        return end.stop_reason, _STOPPED.get(end.stop_reason, "")
    if killer is not None:
        hint = ": perhaps it needed more memory" if killer == signal.SIGKILL else ""
        return "ScannerKilled", f"{name} was ended by {_signal_name(killer)}{hint}; {last}"
    if code:
        return "ScannerError", f"{name} exited with {code}: {last}"
    return _gap(name, reader.problem, missing, last)


def _gap(name: str, problem: str, missing: int, last: str) -> tuple[str, str]:
    """What is not as it should be after an exit with 0."""
    if problem:
        return "OutputUnreadable", problem
    if missing:
        return "TargetsMissing", f"{name} reported nothing of {missing} addresses; {last}"
    return "OutputTruncated", f"{name} exited with 0 but did not say that it finished; {last}"


def _missing_hosts(found: Report) -> int:
    """nmap tells of every address; a name that it could not resolve leaves a gap."""
    if found.scanner != "nmap":
        return 0
    return max(0, found.hosts_total - found.hosts_up - found.hosts_down)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_STOPPED: Final = {
    "Interrupted": "stopped before the end; what was found until then is kept",
    "WatchdogExpired": "the time was over; what was found until then is kept",
    "Stalled": "the scanner did not come to an end by itself; what it found is kept",
}
