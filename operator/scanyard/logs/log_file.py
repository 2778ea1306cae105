"""A file of log lines, and older ones beside it."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from scanyard.logs.lines import finished


class LogFile(logging.handlers.RotatingFileHandler):
    """Takes finished lines; one that the file does not take goes to `otherwise`.

    Only one thread may write, and none waits for it: a write to a volume that hangs never returns.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        kept: int,
        otherwise: logging.Handler,
        formatter: logging.Formatter,
    ) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8", delay=True)
        self._otherwise = otherwise
        self._words = formatter
        self._fails = self._told = False

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """None: who ends the process would wait for it."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; that the file fails is told once, and again after it has worked."""
        self._fails = False
        super().emit(record)
        self._told = self._fails

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Of `emit`: the disk is full, the folder is gone or not ours."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._fails = True
            self._forget_stream()
            if not self._told:
                self._tell(error)
        self._otherwise.handle(record)

    def flush(self) -> None:
        """Nothing, see `_open`: who ends the process would wait for a write that hangs."""

    def close(self) -> None:
        """Nothing, for the same reason; see `end`."""

    def end(self) -> None:
        """Close the file: of the thread that writes, when it ends."""
        self._forget_stream()

    def _open(self) -> TextIOWrapper:
        """Each line is written out at its end."""
        path = Path(self.baseFilename)
        return path.open("a", buffering=1, encoding="utf-8", errors="backslashreplace")

    def _tell(self, error: OSError) -> None:
        text = "the log file %s cannot be written, so lines go to standard output: %s"
        words = (self.baseFilename, error)
        told = logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, words, None)
        self._otherwise.handle(finished(told, self._words))

    def _forget_stream(self) -> None:
        """Opened anew for the next line: what this one still holds has gone elsewhere."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()
