"""Tables: as wide as they need, never wider than the terminal; names keep both ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanyard.cli.table import Cell, Column, cut_in_the_middle, laid_out

COLUMNS = (Column("NAME", least=8), Column("QUEUE", least=6), Column("OPEN", right=True))


def text(width: int | None, *rows: tuple[str, str, str]) -> list[str]:
    laid = laid_out(COLUMNS, rows, width)
    return ["".join(cell.text for cell in line).rstrip() for line in laid]


def test_columns_are_as_wide_as_their_longest_cell_and_numbers_stand_at_the_right() -> None:
    assert text(None, ("web", "default", "3"), ("a-long-name", "q", "120")) == [
        "NAME          QUEUE     OPEN",
        "web           default      3",
        "a-long-name   q          120",
    ]


def test_the_longest_cells_give_way_first_and_keep_both_ends() -> None:
    assert text(24, ("a-long-name-of-a-scan", "default", "3")) == [
        "NAME       QUEUE    OPEN",
        "a-lo…scan  default     3",
    ]


@given(st.lists(st.tuples(*[st.text("abc-", max_size=70)] * 3), max_size=5), st.integers(40, 130))
def test_no_line_is_wider_than_the_terminal_if_what_may_be_cut_allows_it(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    numbers = [(name, queue, str(len(count))) for name, queue, count in rows]
    assert all(len(line) <= width for line in text(width, *numbers))


@given(st.text("abc", max_size=40), st.integers(0, 40))
def test_a_cut_text_is_as_wide_as_told_and_begins_and_ends_like_the_whole(
    whole: str, width: int
) -> None:
    cut = cut_in_the_middle(whole, width)
    assert len(cut) == min(len(whole), width)
    head, mark, tail = cut.partition("…")
    assert whole.startswith(head)
    assert not mark or whole.endswith(tail)


def test_styles_stay_with_their_cells() -> None:
    laid = laid_out(COLUMNS, [(Cell("web", "green"), "q", "1")], None)
    assert Cell("web", "green") in laid[1]
    assert laid[0][0] == Cell("NAME", "bold")
