"""Rewrites the termination message in place, so that a reader at any moment sees a whole one."""

from __future__ import annotations

import os

from scanyard.scanners.report import Report


class TerminationLog:
    """The kubelet mounts the file, so it cannot be replaced by a rename."""

    def __init__(self, path: str) -> None:
        self.problem = ""
        self._path = path
        self._length = 0

    def write(self, report: Report) -> None:
        """One write of the whole message, padded over the old one. Sets `problem` on failure."""
        try:
            self._write(report.encode())
        except OSError as error:
            self.problem = f"the termination message cannot be written: {error}"

    def _write(self, data: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if self._length == 0:
                self._length = os.fstat(descriptor).st_size
            os.pwrite(descriptor, data.ljust(self._length), 0)
            os.ftruncate(descriptor, len(data))
            self._length = len(data)
        finally:
            os.close(descriptor)
