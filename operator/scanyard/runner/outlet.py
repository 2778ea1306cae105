"""The runner's stdout: never blocks the scan, never floods the node's logs.

A container's log is a pipe to the container runtime; when nobody empties it, a plain write would
stop the runner, and with it the watchdog.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Iterable
from typing import Final

MAX_PENDING_BYTES: Final = 256 * 1024
_WRITE_BYTES: Final = select.PIPE_BUF
"""A pipe that polls as writable takes so much without blocking."""


class Outlet:
    """Lines wait here until the pipe takes them; `dropped` counts those that it did not."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.dropped = 0
        self._lines: deque[bytes] = deque()
        self._pending_bytes = 0
        self._broken = False

    @property
    def pending(self) -> bool:
        return bool(self._lines)

    def put(self, line: str) -> None:
        """Queue a line, or drop it when too much waits already."""
        data = line.encode("utf-8", "replace") + b"\n"
        if self._broken or self._pending_bytes + len(data) > MAX_PENDING_BYTES:
            self.dropped += 1
            return
        self._append(data)

    def flush_ready(self) -> None:
        """Write as much as goes without blocking."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        while self._lines and poll.poll(0):
            self._write()

    def drain(self, lines: Iterable[bytes], seconds: float) -> bool:
        """Write all that waits and then `lines`, for at most so long; whether all went out."""
        deadline = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        waiting = iter(lines)
        while not self._broken:
            while self._pending_bytes < _WRITE_BYTES and (line := next(waiting, None)) is not None:
                self._append(line + b"\n")
            if not self._lines:
                return True
            if not poll.poll(max(0, int((deadline - time.monotonic()) * 1000))):
                return False
            self._write()
        return False

    def _append(self, data: bytes) -> None:
        self._lines.append(data)
        self._pending_bytes += len(data)

    def _write(self) -> None:
        chunk = b""
        while self._lines and len(chunk) < _WRITE_BYTES:
            chunk += self._lines.popleft()
        try:
            written = os.write(self.descriptor, chunk[:_WRITE_BYTES])
        except OSError:
            # Nobody reads any more; the report still goes to the termination log.
            self._broken = True
            self._lines.clear()
            self._pending_bytes = 0
            return
        self._pending_bytes -= written
        if written < len(chunk):
            self._lines.appendleft(chunk[written:])


class Allowance:
    """How many of the scanner's own lines may go to the log: some at once, then some a second."""

    def __init__(self, *, burst: int, per_second: float, total_bytes: int) -> None:
        self.refused = 0
        self._burst = burst
        self._per_second = per_second
        self._bytes_left = total_bytes
        self._tokens = float(burst)
        self._last: float | None = None

    def take(self, size: int, now: float) -> bool:
        """Whether a line of `size` bytes may go out at time `now` in seconds."""
        if self._last is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._last) * self._per_second)
        self._last = now
        if self._tokens < 1 or self._bytes_left < size:
            self.refused += 1
            return False
        self._tokens -= 1
        self._bytes_left -= size
        return True
