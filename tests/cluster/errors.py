"""What can go wrong, in words that tell a person what to do."""

import re
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class ClusterError(Exception):
    """Ends the command: the message is all that the user sees."""


class CommandError(ClusterError):
    """A program that we started has failed."""

    def __init__(self, what: str, tail: str, log: Path | None) -> None:
        self.tail = tail = _COLOUR.sub("", tail)  # Docker paints whatever goes to a log
        where = f"\nEverything it said: {log}" if log else ""
        super().__init__(f"{what} failed:\n{tail.strip()}{where}")
