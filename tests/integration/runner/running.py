"""Starts the real runner as a process and looks at what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scanyard.runner.log_protocol import FINDING_PREFIX, last_progress
from scanyard.scanners import Command, Report, read_report
from scanyard.scanners.report import REASONS

_PACKAGE: Final = Path(__file__).parents[3] / "operator"
_START: Final = (
    f"import sys; sys.path.insert(0, {str(_PACKAGE)!r})\n"
    "from scanyard.runner.signals import hold_signals; hold_signals()\n"
    "from scanyard.runner.main import main; sys.exit(main(sys.argv[1:]))\n"
)


@dataclass(frozen=True)
class Ended:
    """A runner that is gone. `peak_bytes` is the most memory that it had."""

    report: Report
    exit_code: int
    log: str
    seconds: float
    peak_bytes: int

    @property
    def open_ports(self) -> set[tuple[str, int, str]]:
        return {
            (host.address, port.port, port.protocol)
            for host in self.report.hosts
            for port in host.ports
            if port.state == "open"
        }

    @property
    def findings(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(FINDING_PREFIX)]

    @property
    def progress(self) -> int | None:
        return last_progress(self.log)


@dataclass
class Running:
    """A runner that is at work; its log grows in a file."""

    pid: int
    log_path: Path
    termination_log: Path
    started: float = field(default_factory=time.monotonic)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Until the log holds `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.log()}"
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> Ended:
        """Wait for it, watching its memory.

        What the kernel tells afterwards (ru_maxrss) would count the tests' own process, whose
        memory the child shared until it became the runner.
        """
        peak = 0
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            peak = max(peak, _peak_bytes(self.pid))
            time.sleep(0.02)
        _, status = os.waitpid(self.pid, 0)
        report = read_report(self.termination_log.read_bytes())
        assert report.reason in REASONS | {""}, "the operator takes no other word"
        return Ended(
            report=report,
            exit_code=os.waitstatus_to_exitcode(status),
            log=self.log(),
            seconds=time.monotonic() - self.started,
            peak_bytes=peak,
        )


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.removesuffix(" kB")) * 1024
    return 0  # it has just ended


class Runners:
    """Starts runners below one folder, and leaves none behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        scanner: str,
        argv: Sequence[str],
        *options: str,
        before: Sequence[str] = (),
        stdout: int | None = None,
    ) -> Running:
        """Run `argv`; `before` is the start of a command line that the runner is put behind."""
        folder = self._folder / f"run-{len(self._processes)}"
        (folder / "scratch").mkdir(parents=True)
        paths = (f"--work-dir={folder / 'scratch'}", f"--termination-log={folder / 'message'}")
        runner = [sys.executable, "-I", "-S", "-c", _START, f"--scanner={scanner}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*before, *runner, *paths, *options, "--", *argv],
                stdout=log if stdout is None else stdout,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._processes.append(process)
        return Running(process.pid, folder / "log", folder / "message")

    def scan(self, command: Command, before: Sequence[str], *options: str) -> Running:
        """Run a real scanner's command as the operator would."""
        total = f"--total-targets={command.total_targets}"
        return self.start(command.scanner, command.argv, total, *options, before=before)

    def stop_all(self) -> None:
        """End what a failed test has left."""
        for process in self._processes:
            try:
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            process.returncode = 0
