"""What commands print: plain lines, with colour only where a person looks at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@contextmanager
def changing_line() -> Iterator[Callable[[str], None]]:
    """What is being waited for, on standard error: on a terminal one line, else one per change."""
    console = _console(stderr=True)
    if console.is_terminal:
        with console.status("") as status:
            yield lambda text: status.update(Text(text, style="dim"))
        return
    said = ""

    def tell(text: str) -> None:
        nonlocal said
        if text != said:
            said = text
            print_progress(text)

    yield tell


def _console(*, stderr: bool = False) -> Console:
    # Made anew each time, so that it writes to the streams of now. Lines are left to the terminal
    # to wrap: a log collector or grep wants them whole.
    return Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False)
