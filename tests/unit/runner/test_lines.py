"""A scanner's lines, made safe for a log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanyard.runner.lines import MAX_LINE, LineSplitter


def test_lines_end_at_newlines_and_carriage_returns() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\r\ntwo\rthr") == ["one", "two"]
    assert splitter.feed(b"ee\n\n\nfo") == ["three"]
    assert splitter.rest() == ["fo"]
    assert splitter.rest() == []


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert LineSplitter().feed("a\x1b[31mb\x00c\u202ed\tü\n".encode()) == ["a?[31mb?c?d?ü"]
    assert LineSplitter().feed(b"bad \xff\xfe bytes\n") == ["bad \ufffd\ufffd bytes"]


@given(st.lists(st.binary(max_size=3 * MAX_LINE), max_size=6))
def test_no_line_is_long_or_holds_another(pieces: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)] + splitter.rest()
    assert all(len(line) <= MAX_LINE and line.isprintable() for line in lines)


def test_an_endless_line_is_cut_and_forgotten() -> None:
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 65536) == []
    assert [len(line) for line in splitter.feed(b"\nnext\n")] == [MAX_LINE, 4]
