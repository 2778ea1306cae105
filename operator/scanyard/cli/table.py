"""Tables like kubectl's: columns as wide as their longest cell, and within the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_GAP: Final = "   "
_NARROW_GAP: Final = "  "
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: numbers stand at the right; where room is short, those with `least` give way.

    least: so narrow the column may become, 0 for one that is never cut.
    """

    title: str
    right: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and the style in which a terminal shows it."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def laid_out(columns: Sequence[Column], rows: Iterable[Row], width: int | None) -> list[list[Cell]]:
    """The lines as pieces to print one after the other, the titles first.

    width: of the terminal; None cuts nothing.
    """
    cells = [[Cell(column.title, "bold") for column in columns]]
    cells += [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    natural = [max(len(row[i].text) for row in cells) for i in range(len(columns))]
    gap = _GAP
    if width is not None and sum(natural) + len(gap) * (len(columns) - 1) > width:
        gap = _NARROW_GAP
    widths = natural
    if width is not None:
        widths = _fitted(columns, natural, width - len(gap) * (len(columns) - 1))
    return [_line(columns, row, widths, gap) for row in cells]


def cut_in_the_middle(text: str, width: int) -> str:
    """At most `width` characters: both ends of a name tell more than its beginning alone."""
    if len(text) <= width:
        return text
    if width <= 1:
        return _CUT[:width]
    left = width // 2
    right = width - left - 1
    return text[:left] + _CUT + (text[-right:] if right else "")


def _fitted(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int]:
    """Take from the widest column that may be cut, again and again, until all fit."""
    widths = list(natural)
    while sum(widths) > room:
        able = [i for i, column in enumerate(columns) if 0 < column.least < widths[i]]
        if not able:
            break
        widths[max(able, key=lambda i: widths[i])] -= 1
    return widths


def _line(
    columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int], gap: str
) -> list[Cell]:
    pieces: list[Cell] = []
    last = len(columns) - 1
    for i, (column, cell, width) in enumerate(zip(columns, row, widths, strict=True)):
        text = cut_in_the_middle(cell.text, width) if column.least else cell.text
        pad = " " * (width - len(text))
        if column.right:
            pieces.append(Cell(pad))
        pieces.append(Cell(text, cell.style))
        if not column.right and i != last:
            pieces.append(Cell(pad))
        if i != last:
            pieces.append(Cell(gap))
    return pieces
