"""The termination message is whole at every moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanyard.runner.termination import TerminationLog
from scanyard.scanners import HostReport, Report, read_report

_LONG = Report("nmap", hosts=tuple(HostReport(f"192.0.2.{i}") for i in range(20)))
_SHORT = Report("nmap")


def test_the_last_report_is_all_there_is(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 3000)
    log = TerminationLog(str(path))
    for report in (_SHORT, _LONG, _SHORT):
        log.write(report)
        assert path.read_bytes() == report.encode()


def test_a_reader_never_sees_two_reports_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    log = TerminationLog(str(path))
    log.write(_LONG)
    seen: list[bytes] = []
    truncate = os.ftruncate

    def look_before(descriptor: int, length: int) -> None:
        seen.append(path.read_bytes())
        truncate(descriptor, length)

    monkeypatch.setattr(os, "ftruncate", look_before)
    log.write(_SHORT)
    assert read_report(seen[0]) == _SHORT


def test_a_file_that_cannot_be_written_does_not_end_the_scan(tmp_path: Path) -> None:
    log = TerminationLog(str(tmp_path))
    log.write(_SHORT)
    assert "cannot be written" in log.problem
