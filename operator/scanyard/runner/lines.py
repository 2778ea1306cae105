"""Cuts a scanner's stdout and stderr into lines that are safe to log."""

from __future__ import annotations

import re
from typing import Final

MAX_LINE: Final = 1000

# masscan overwrites its status line after each carriage return.
_ENDS = re.compile(rb"[\r\n]+")


class LineSplitter:
    """Feed it bytes, take out lines; what is over MAX_LINE bytes of a line is dropped."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without control characters."""
        *lines, last = _ENDS.split(self._partial + data)
        self._partial = last[:MAX_LINE]
        return [_legible(line) for line in lines if line]

    def rest(self) -> list[str]:
        """The last line, if it has no end."""
        line, self._partial = self._partial, b""
        return [_legible(line)] if line else []


def _legible(line: bytes) -> str:
    text = line[:MAX_LINE].decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "?" for c in text)
