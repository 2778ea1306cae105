"""Times as people write them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from scanyard.cli.times import parse_start
from scanyard.errors import InvalidInputError
from scanyard.lifecycle.timestamps import format_time


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's zone."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "now", "start"),
    [
        ("22:00", "2026-03-01T12:00:00", "2026-03-01T21:00:00Z"),
        ("22:00", "2026-07-01T12:00:00", "2026-07-01T20:00:00Z"),
        ("9:30", "2026-03-01T12:00:00", "2026-03-02T08:30:00Z"),
        ("12:00", "2026-03-01T12:00:00", "2026-03-02T11:00:00Z"),
        # The clock is set forward in the night of the 29th.
        ("4:00", "2026-03-28T12:00:00", "2026-03-29T02:00:00Z"),
        ("+2h", "2026-03-29T01:30:00", "2026-03-29T02:30:00Z"),
        ("+90", "2026-03-01T12:00:00", "2026-03-01T11:01:30Z"),
        ("2026-01-31T22:00:00Z", "2026-03-01T12:00:00", "2026-01-31T22:00:00Z"),
        ("2026-04-01T22:00:00+02:00", "2026-03-01T12:00:00", "2026-04-01T20:00:00Z"),
    ],
)
def test_when(text: str, now: str, start: str) -> None:
    found = parse_start(text, "--not-before", datetime.fromisoformat(now))
    assert format_time(found) == start


@pytest.mark.parametrize(
    "text", ["", "noon", "24:00", "22", "22:60", "2026-01-31", "2026-01-31T22:00:00", "-2h"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidInputError, match="--not-before"):
        parse_start(text, "--not-before", datetime(2026, 3, 1, 12))


def test_what_is_no_duration_is_told_so() -> None:
    with pytest.raises(InvalidInputError, match="no duration"):
        parse_start("+soon", "--not-before", datetime(2026, 3, 1, 12))
