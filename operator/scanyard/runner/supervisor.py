"""Watches one scanner from its start to its end: pipes, clock, signals, reports."""

from __future__ import annotations

import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from scanyard.runner.child import Child
from scanyard.runner.lines import LineSplitter
from scanyard.runner.log_protocol import progress_line
from scanyard.runner.options import RunnerOptions
from scanyard.runner.outlet import Allowance, Outlet
from scanyard.runner.stopping import StopPlan
from scanyard.runner.tally import Tally
from scanyard.runner.termination import TerminationLog
from scanyard.runner.usage import Usage
from scanyard.scanners.reading import Reader
from scanyard.scanners.report import Report

REPORT_SECONDS: Final = 5.0
PROGRESS_SECONDS: Final = 1.0
NUDGE_SECONDS: Final = 1.0
_READ_BYTES: Final = 64 * 1024
_ORPHAN_SECONDS: Final = 2.0
"""How long pipes may stay open after the scanner is gone, held by some process it left behind."""

Clock = Callable[[], float]


class Supervisor:
    """One loop, one thread. `run` returns when the scanner has ended and its output is read."""

    def __init__(
        self,
        options: RunnerOptions,
        child: Child,
        reader: Reader,
        outlet: Outlet,
        log: TerminationLog,
        wakeup: int,
        clock: Clock = time.monotonic,
    ) -> None:
        self.tally = Tally(options.scanner, options.total_targets)
        self.status: int | None = None
        self.usage = Usage()
        self.complaints: deque[str] = deque(maxlen=3)
        self.stop = StopPlan(options.scanner, options.stop_seconds)
        self._options = options
        self._child = child
        self._reader = reader
        self._outlet = outlet
        self._log = log
        self._wakeup = wakeup
        self._clock = clock
        self._started = self._heard = clock()
        self._ended: float | None = None
        self._next_report = self._started + REPORT_SECONDS
        self._next_progress = self._next_nudge = 0.0
        self._told_progress = -1
        self._allowance = Allowance(burst=500, per_second=20, total_bytes=1024 * 1024)
        self._splitters = {child.stdout: LineSplitter(), child.stderr: LineSplitter()}
        self._open = {child.stdout, child.stderr, child.findings}
        self._poll = select.poll()
        for descriptor in (*self._open, wakeup):
            self._poll.register(descriptor, select.POLLIN)

    @property
    def lines_left_out(self) -> int:
        """How many of the scanner's lines did not go to the log."""
        return self._allowance.refused + self._outlet.dropped

    def run(self) -> None:
        """Until the scanner is gone."""
        while self._open or self.status is None:
            self._wait()
            now = self._clock()
            self._reap(now)
            self._stop_if_due(now)
            self._tell(now)
        for descriptor, splitter in self._splitters.items():
            self._take_lines(descriptor, splitter.rest(), self._clock())
        for piece in self._reader.rest():
            self.tally.add(piece)

    def _wait(self) -> None:
        """Sleep until something happens or a quarter of a second has passed, and read it."""
        if self._outlet.pending:
            self._poll.register(self._outlet.descriptor, select.POLLOUT)
        ready = self._poll.poll(250)
        if self._outlet.pending:
            self._poll.unregister(self._outlet.descriptor)
            self._outlet.flush_ready()
        for descriptor, _ in ready:
            if descriptor == self._wakeup:
                self._on_signals(os.read(descriptor, 512))
            elif descriptor in self._open:
                self._read(descriptor)

    def _on_signals(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self.stop.begin("Interrupted", self._clock())

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            self._close(descriptor)
            return
        now = self._clock()
        self._heard = now
        if descriptor == self._child.findings:
            for host in self._reader.feed(data):
                self.tally.add(host)
        else:
            self._take_lines(descriptor, self._splitters[descriptor].feed(data), now)

    def _close(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._open.discard(descriptor)
        os.close(descriptor)

    def _take_lines(self, descriptor: int, lines: list[str], now: float) -> None:
        for line in lines:
            if not self._reader.line(line):
                continue
            if descriptor == self._child.stderr:
                self.complaints.append(line)
            if self._allowance.take(len(line), now):
                self._outlet.put(f"{self._options.scanner}| {line}")

    def _reap(self, now: float) -> None:
        """PID 1 inherits the scanner's orphans, and zombies stay until it asks for them."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == self._child.pid:
                self.status, self.usage = status, Usage.of(used)
                self._ended = now
        if self._ended is not None and self._open and now - self._ended > _ORPHAN_SECONDS:
            self._child.kill_group()
            for descriptor in tuple(self._open):
                self._close(descriptor)

    def _stop_if_due(self, now: float) -> None:
        if self.status is not None:
            return
        limit = self._options.timeout_seconds
        if limit and now - self._started >= limit:
            self.stop.begin("WatchdogExpired", now)
        if self._reader.stalled(now - self._heard):
            self.stop.begin("Stalled", now)
        if self._reader.wants_nudge and now >= self._next_nudge:
            self._next_nudge = now + NUDGE_SECONDS
            _nudge()
        due = self.stop.due(now)
        if due == signal.SIGKILL:
            self._child.kill_group()
        elif due is not None:
            self._child.signal(due)

    def _tell(self, now: float) -> None:
        progress = self._reader.progress
        if progress != self._told_progress and now >= self._next_progress:
            self._told_progress = progress
            self._next_progress = now + PROGRESS_SECONDS
            self._outlet.put(progress_line(progress))
        if now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            self._log.write(self._report_if_killed(progress))

    def _report_if_killed(self, progress: int) -> Report:
        """What the kubelet will find if the container is killed before the end."""
        return replace(
            self.tally.report(self._reader.pending()),
            progress=progress,
            reason="Killed",
            message="the container was killed; the counts are up to 5 seconds old",
        )


def _nudge() -> None:
    from scanyard.runner.nudge import nudge  # noqa: PLC0415 most scans need no sockets

    nudge()
