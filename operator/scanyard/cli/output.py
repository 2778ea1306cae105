"""What commands print: plain lines, with colour only where a person looks at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


def print_line(text: str, style: str = "") -> None:
    """One line of result on standard output."""
    _console().print(Text(text, style=style))


def print_warning(text: str) -> None:
    """Something a person should look at, on standard error."""
    _console(stderr=True).print(Text.assemble(("Warning: ", "yellow"), text))


def print_progress(text: str) -> None:
    """What the command is waiting for, on standard error."""
    _console(stderr=True).print(Text(text, style="dim"))


def print_error(text: str) -> None:
    """Why the command failed and what to do, on standard error."""
    _console(stderr=True).print(Text.assemble(("Error: ", "bold red"), text))


class Waits:
    """Tells on standard error what is being waited for.

    On a terminal in a line that goes away, else each text once.
    """

    def __init__(self) -> None:
        self._said = ""

    @contextmanager
    def told(self, text: str) -> Iterator[None]:
        """Show it for as long as the block takes, in which nothing else may be printed."""
        console = _console(stderr=True)
        if console.is_terminal:
            with console.status(Text(text, style="dim")):
                yield
            return
        if text != self._said:
            self._said = text
            print_progress(text)
        yield


def _console(*, stderr: bool = False) -> Console:
    # Made anew each time, so that it writes to the streams of now. Lines are left to the terminal
    # to wrap: a log collector or grep wants them whole.
    return Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False)
