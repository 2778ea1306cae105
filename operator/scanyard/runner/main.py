"""The runner from its arguments to its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from scanyard.errors import ScanyardError
from scanyard.runner import outcome
from scanyard.runner.child import Child, start_child
from scanyard.runner.log_protocol import FINDING_PREFIX, progress_line
from scanyard.runner.options import RunnerOptions, UsageError, parse_arguments
from scanyard.runner.outlet import Outlet
from scanyard.runner.own_lines import OwnLines
from scanyard.runner.signals import listen
from scanyard.runner.supervisor import Supervisor
from scanyard.runner.tally import Tally
from scanyard.runner.termination import TerminationLog
from scanyard.scanners.image import TERMINATION_LOG
from scanyard.scanners.reading import Reader, new_reader
from scanyard.scanners.report import Report

_FINDINGS_SECONDS: Final = 30.0


class _StartError(ScanyardError):
    """The scanner was never started."""

    def __init__(self, reason: str, message: str, code: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code


def main(arguments: Sequence[str]) -> int:
    """Run one scan and report it, after signals.hold_signals."""
    outlet, own = Outlet(1), OwnLines.told_by(os.environ)
    log = TerminationLog(TERMINATION_LOG)
    scanner = "unknown"
    try:
        options = parse_arguments(arguments)
        scanner, log = options.scanner, TerminationLog(options.termination_log)
        return _scan(options, outlet, own, log)
    except UsageError as error:
        failure = _StartError("UsageError", str(error), outcome.EXIT_USAGE)
    except _StartError as error:
        failure = error
    except Exception as error:
        _report(outlet, own, log, Report(scanner, reason="RunnerError", message=repr(error)))
        raise
    _report(outlet, own, log, Report(scanner, reason=failure.reason, message=str(failure)))
    return failure.code


def _scan(options: RunnerOptions, outlet: Outlet, own: OwnLines, log: TerminationLog) -> int:
    reader = _reader(options)
    wakeup = listen()
    log.write(_not_started_yet(options))
    child = _start(options)
    try:
        supervisor = Supervisor(options, child, reader, outlet, log, wakeup)
        supervisor.run()
    except BaseException:
        child.kill_group()
        raise
    supervisor.tally.left_out += reader.left_out
    end = outcome.End(
        supervisor.status or 0, supervisor.stop.reason, supervisor.complaints, supervisor.usage
    )
    report = outcome.final_report(supervisor.tally.report(), reader, end)
    report = replace(report, message=report.message or _remark(supervisor.tally))
    if supervisor.lines_left_out:
        words = f"{supervisor.lines_left_out} lines of {options.scanner} left out"
        outlet.put(own.line(words, level="WARNING"))
    _report(outlet, own, log, report, supervisor.tally)
    return outcome.exit_code(report)


def _reader(options: RunnerOptions) -> Reader:
    try:
        return new_reader(options.scanner, options.argv, options.total_targets)
    except KeyError as error:
        raise UsageError(f"unknown scanner {options.scanner[:40]!a}") from error


def _start(options: RunnerOptions) -> Child:
    try:
        os.chdir(options.work_directory)
    except OSError as error:
        raise _StartError(
            "WorkDirectory", f"{error}: mount a writable volume there", outcome.EXIT_USAGE
        ) from error
    if not os.access(".", os.W_OK):
        raise _StartError(
            "WorkDirectory",
            f"{options.work_directory} is not writable: mount a writable volume there",
            outcome.EXIT_USAGE,
        )
    if options.net_raw:
        _hand_on_net_raw()
    try:
        return start_child(options.argv)
    except OSError as error:
        raise _StartError(
            "ExecFailed", f"{options.argv[0]}: {error.strerror}", outcome.EXIT_NO_EXEC
        ) from error


def _hand_on_net_raw() -> None:
    from scanyard.runner.capabilities import (  # noqa: PLC0415 ctypes is slow to load
        NetRawError,
        hand_on_net_raw,
    )

    try:
        hand_on_net_raw()
    except NetRawError as error:
        raise _StartError("NetRaw", str(error), outcome.EXIT_NET_RAW) from error


def _not_started_yet(options: RunnerOptions) -> Report:
    return Report(
        options.scanner,
        reason="Killed",
        message="the container was killed before it could report anything",
        hosts_total=options.total_targets,
    )


def _remark(tally: Tally) -> str:
    """What a person should know of a scan that is complete."""
    if tally.timed_out:
        return f"{tally.timed_out} hosts passed the host timeout: their ports are unknown"
    return ""


def _report(
    outlet: Outlet,
    own: OwnLines,
    log: TerminationLog,
    report: Report,
    tally: Tally | None = None,
) -> None:
    """The termination message first, for the log may be slow to take all findings."""
    log.write(report)
    findings = tally.lines() if tally else iter(())
    ending = ["complete"] if report.complete else ["incomplete", report.reason]
    outcome = ": ".join(filter(None, (*ending, report.message)))
    level = "INFO" if report.complete else "WARNING"
    counts = f"{report.hosts_up} hosts up, {report.hosts_down} down, {report.open_ports} open ports"
    last_words = [own.line(outcome, level=level, reason=report.reason), own.line(counts)]
    if tally and tally.left_out:
        words = f"{tally.left_out} findings are not in this log"
        last_words.insert(0, own.line(words, level="WARNING"))
    if log.problem:
        last_words.append(own.line(log.problem, level="ERROR"))
    outlet.put(progress_line(report.progress))
    lines = chain(
        (FINDING_PREFIX.encode() + line for line in findings),
        (words.encode() for words in last_words),
    )
    outlet.drain(lines, _FINDINGS_SECONDS)
