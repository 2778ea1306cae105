"""What can go wrong, in words that tell a person what to do."""

from pathlib import Path


class ClusterError(Exception):
    """Ends the command: the message is all that the user sees."""


class CommandError(ClusterError):
    """A program that we started has failed."""

    def __init__(self, what: str, tail: str, log: Path | None) -> None:
        self.tail = tail
        where = f"\nEverything it said: {log}" if log else ""
        super().__init__(f"{what} failed:\n{tail.strip()}{where}")
