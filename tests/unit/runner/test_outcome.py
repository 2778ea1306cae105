"""How a scan ended, in one word and one exit code."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import cast

import pytest

from scanyard.runner.outcome import End, exit_code, final_report
from scanyard.scanners import Report, read_report
from scanyard.scanners.reading import Reader


@dataclass
class _Reader:
    finished: bool = True
    problem: str = ""
    progress: int = 40


_FOUND = Report("nmap", hosts_up=2, hosts_down=1, hosts_total=3)
_DONE = 0
_ONE = 1 << 8


def _final(reader: _Reader, status: int, stop: str = "", found: Report = _FOUND) -> Report:
    return final_report(found, cast("Reader", reader), End(status, stop, ["bad thing"]))


def test_a_scan_that_finished_is_complete_whoever_asked_it_to_stop() -> None:
    for stop in ("", "Interrupted", "WatchdogExpired"):
        report = _final(_Reader(), _DONE, stop)
        assert (report.complete, report.reason, report.progress) == (True, "", 100)
        assert exit_code(report) == 0


@pytest.mark.parametrize(
    ("reader", "status", "stop", "reason", "code"),
    [
        (_Reader(finished=False), signal.SIGINT, "Interrupted", "Interrupted", 130),
        (_Reader(finished=False), _DONE, "Interrupted", "Interrupted", 130),
        (_Reader(finished=False), signal.SIGINT, "WatchdogExpired", "WatchdogExpired", 124),
        (_Reader(finished=False), signal.SIGKILL, "Stalled", "Stalled", 137),
        (_Reader(finished=False), signal.SIGSEGV, "", "ScannerKilled", 139),
        (_Reader(finished=False), _ONE, "", "ScannerError", 1),
        (_Reader(), _ONE, "", "ScannerError", 1),
        (_Reader(finished=False), _DONE, "", "OutputTruncated", 65),
        (_Reader(problem="broken"), _DONE, "", "OutputUnreadable", 65),
    ],
)
def test_every_other_end_has_its_reason(
    reader: _Reader, status: int, stop: str, reason: str, code: int
) -> None:
    report = _final(reader, status, stop)
    assert (report.complete, report.reason, exit_code(report)) == (False, reason, code)
    assert report.progress == 40
    assert report.message
    read_report(report.encode())


def test_targets_that_nmap_never_reported_are_missed() -> None:
    report = _final(_Reader(), _DONE, found=Report("nmap", hosts_total=3, hosts_up=1))
    assert (report.complete, report.reason) == (False, "TargetsMissing")
    assert "2 addresses" in report.message


def test_masscan_reports_only_what_answered() -> None:
    assert _final(_Reader(), _DONE, found=Report("masscan", hosts_total=3)).complete


def test_the_scanners_own_words_are_in_the_message() -> None:
    assert "bad thing" in _final(_Reader(), _ONE).message
