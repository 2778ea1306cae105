"""What commands print: plain lines, with colour only where a person looks at a terminal.

rich is imported when something is printed, so that the operator's process goes without it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scanyard.cli.table import Cell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def print_line(text: str, style: str = "") -> None:
    """One line of result on standard output."""
    print_lines([[Cell(text, style)]])


def print_lines(lines: Iterable[Sequence[Cell]]) -> None:
    """Lines of pieces, each in its style, on standard output."""
    out = console()
    for line in lines:
        if out.is_terminal:
            out.print(styled(line))
        else:
            out.file.write("".join(cell.text for cell in line).rstrip() + "\n")


def table_width() -> int | None:
    """Columns of the terminal, or those that COLUMNS tells; None where lines are to stay whole."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return None


def print_warning(text: str) -> None:
    """Something a person should look at, on standard error."""
    console(stderr=True).print(styled([Cell("Warning: ", "yellow"), Cell(text)]))


def print_remark(text: str) -> None:
    """Something that is not the result, on standard error."""
    console(stderr=True).print(styled([Cell(text)]))


def print_progress(text: str) -> None:
    """What the command is waiting for, on standard error."""
    console(stderr=True).print(styled([Cell(text, "dim")]))


def print_error(text: str) -> None:
    """Why the command failed and what to do, on standard error."""
    console(stderr=True).print(styled([Cell("Error: ", "bold red"), Cell(text)]))


class Waits:
    """Tells on standard error what is being waited for.

    On a terminal in a line that goes away, else each text once.
    """

    def __init__(self) -> None:
        self._said = ""

    @contextmanager
    def told(self, text: str) -> Iterator[None]:
        """Show it for as long as the block takes, in which nothing else may be printed."""
        err = console(stderr=True)
        if err.is_terminal:
            with err.status(styled([Cell(text, "dim")])):
                yield
            return
        if text != self._said:
            self._said = text
            print_progress(text)
        yield


def console(*, stderr: bool = False) -> Console:
    """Writes to the streams of now; lines are left to the terminal to wrap."""
    from rich.console import Console  # noqa: PLC0415

    # A log collector or grep wants lines whole.
    return Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False)


def styled(cells: Sequence[Cell]) -> Text:
    """One line; control characters that a scanned host may have sent are left out."""
    from rich.text import Text  # noqa: PLC0415

    text = Text()
    for cell in cells:
        text.append(cell.text, cell.style)
    text.rstrip()
    return text
