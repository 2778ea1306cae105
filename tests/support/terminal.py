"""A command on a terminal of its own, whose screen a test can read: a person's view."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import pyte

_CHUNK: Final = 65_536


class Terminal:
    """Use as a context manager; the command is killed at the end if it still runs."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._words = words
        self._environment = {**environment, "TERM": "xterm-256color"}
        self._size = (rows, columns)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._seen = bytearray()
        self._master = -1
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        self.modes_before = termios.tcgetattr(slave)[:4]
        # With a session of its own the terminal's Ctrl-C and size changes reach it as signals;
        # what runs the tests may have been started where Ctrl-C is ignored, as by nohup.
        way = ["env", "--default-signal=INT", "setsid", "--ctty", "--wait"]
        self._process = subprocess.Popen(
            [*way, *self._words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environment,
        )
        self._slave = slave
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._slave)
        os.close(self._master)

    @property
    def text(self) -> str:
        """The screen as it is, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def raw(self) -> bytes:
        """Everything that was written so far, with its control sequences."""
        return bytes(self._seen)

    @property
    def modes(self) -> list[object]:
        """The terminal's settings, such as echo."""
        return list(termios.tcgetattr(self._slave)[:4])

    def press(self, keys: str) -> None:
        """Type on its keyboard."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """As by the window's corner."""
        self._screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def until(self, accept: Callable[[str], bool], seconds: float = 30) -> str:
        """Read on until the screen is as wanted; returns it."""
        deadline = time.monotonic() + seconds
        while not accept(self.text):
            assert time.monotonic() < deadline, f"not within {seconds} s:\n{self.text}"
            self._read(0.2)
        return self.text

    def end(self, seconds: float = 30) -> int:
        """Read to its end; returns the exit code."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.text}"
            self._read(0.2)
        while self._read(0):
            pass
        return self._process.returncode

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.press("\x03")

    def terminate(self) -> None:
        """What `kill` sends, to the command itself."""
        assert self._process is not None
        children = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        for child in children.stdout.split() or [str(self._process.pid)]:
            os.kill(int(child), signal.SIGTERM)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        piece = os.read(self._master, _CHUNK)
        self._seen += piece
        self._stream.feed(piece)
        return True
