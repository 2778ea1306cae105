"""Lines that a thread of their own writes: nobody who logs waits for a disk."""

from __future__ import annotations

import logging
import logging.handlers
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Final

from scanyard.logs.lines import finished
from scanyard.logs.log_file import LogFile

#: Some 2 MB of usual lines, 60 MB of the longest.
_SIZE: Final = 4000
#: A process that ends waits so long for its last lines; with what it takes to stop, well within
#: the grace period of a Pod.
_PATIENCE_SECONDS: Final = 5.0

_Lines = Queue[logging.LogRecord | None]


class InBackground(logging.handlers.QueueHandler):
    """Finishes each line where it is logged, and leaves it to a thread that writes it to the file.

    Lines for which there is no room are left out and counted, except the last of a process, which
    is critical and goes to `otherwise`; so does at the end what the file has not taken.
    """

    def __init__(
        self,
        file: LogFile,
        *,
        otherwise: logging.Handler,
        formatter: logging.Formatter,
        size: int = _SIZE,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._lines: _Lines = Queue(size)
        super().__init__(self._lines)
        self.setFormatter(formatter)
        self._words = formatter
        self._otherwise = otherwise
        self._patience_seconds = patience_seconds
        self._ended = False
        self._dropped = 0
        # Not the handler's own, which who ends the process holds while it waits for the thread.
        self._counting = threading.Lock()
        self._writer = _Writer(self._lines, file, self._left_out)
        self._writer.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The line: what it is about is known only here."""
        return finished(record, self._words)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Leave the line to the thread, without waiting."""
        if self._ended:
            self._otherwise.handle(record)
            return
        try:
            self._lines.put_nowait(record)
        except Full:
            if record.levelno >= logging.CRITICAL:
                self._otherwise.handle(record)
                return
            with self._counting:
                self._dropped += 1

    def close(self) -> None:
        """Have the lines written; `otherwise` gets what has not been after some seconds."""
        self.acquire()
        try:
            ended, self._ended = self._ended, True
        finally:
            self.release()
        if not ended:
            self._end()
        super().close()

    def _end(self) -> None:
        if self._writer.end(self._patience_seconds):
            return
        for record in (*self._writer.unwritten(), self._left_out()):
            if record is not None:
                self._otherwise.handle(record)

    def _left_out(self) -> logging.LogRecord | None:
        """The line that tells how many are missing, once."""
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        if not dropped:
            return None
        text = "%d lines are left out: the log file took them too slowly"
        told = logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, (dropped,), None)
        return finished(told, self._words)


class _Writer(logging.handlers.QueueListener):
    """The thread."""

    def __init__(
        self,
        lines: _Lines,
        file: LogFile,
        left_out: Callable[[], logging.LogRecord | None],
    ) -> None:
        super().__init__(lines, file)
        self._lines = lines
        self._file = file
        self._left_out = left_out
        self._held: logging.LogRecord | None = None

    def dequeue(self, block: bool) -> logging.LogRecord | None:  # type: ignore[override]
        """The next; None is the last."""
        record = self._lines.get(block)
        if record is None:
            self._file.end()
        return record

    def handle(self, record: logging.LogRecord) -> None:
        """Write it; and what is missing, as soon as there is room again."""
        self._held = record
        super().handle(record)
        if self._lines.qsize() <= self._lines.maxsize // 2:
            told = self._left_out()
            if told is not None:
                super().handle(told)
        self._held = None

    def end(self, seconds: float) -> bool:
        """Whether all is written within so long, and the thread has ended."""
        deadline = time.monotonic() + seconds
        try:
            self._lines.put(None, timeout=seconds)
        except Full:
            return False
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
        return thread is None or not thread.is_alive()

    def unwritten(self) -> Iterator[logging.LogRecord]:
        """What the thread has not written, the line at which it hangs first; it ends after that."""
        if self._held is not None:
            yield self._held
        while True:
            try:
                record = self._lines.get_nowait()
            except Empty:
                break
            if record is not None:
                yield record
        self._lines.put_nowait(None)
