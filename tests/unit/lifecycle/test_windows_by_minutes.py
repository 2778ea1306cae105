"""Windows against a checker that goes through all minutes, and knows neither cron nor the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.timing.windows import Window, standing_at

_MINUTE: Final = timedelta(minutes=1)
#: When a clock is changed, and one that never is: the middle of the minutes that are looked at.
_CHANGES: Final = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("UTC", datetime(2026, 2, 28, tzinfo=UTC)),
)
#: Before and after that; no window of these tests lasts for longer than a quarter of it.
_AROUND: Final = timedelta(days=4)


@dataclass(frozen=True)
class Field:
    """A field of a schedule: as text, and what fits it."""

    text: str
    fits: frozenset[int]


@dataclass(frozen=True)
class Starts:
    """A schedule and how long each of its windows lasts."""

    minute: Field
    hour: Field
    day: Field
    weekday: Field
    minutes: int

    @property
    def text(self) -> str:
        return f"{self.minute.text} {self.hour.text} {self.day.text} * {self.weekday.text}"

    def fits(self, reading: datetime) -> bool:
        """Whether a window opens at this reading of the clock."""
        if reading.minute not in self.minute.fits or reading.hour not in self.hour.fits:
            return False
        day = reading.day in self.day.fits
        weekday = reading.isoweekday() % 7 in self.weekday.fits
        either = "*" not in (self.day.text, self.weekday.text)
        return (day or weekday) if either else (day and weekday)


@cache
def readings(zone: str, middle: datetime) -> list[tuple[datetime, list[datetime]]]:
    """Each minute with what the clock shows first in it, and what it leaps over on its way there.

    Nothing where it shows what it has shown before.
    """
    told, instant = [], middle - _AROUND
    newest = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - _MINUTE
    while instant < middle + _AROUND:
        shown = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        passed = []
        while newest < shown:
            newest += _MINUTE
            passed.append(newest)
        told.append((instant, passed))
        instant += _MINUTE
    return told


def open_minutes(zone: str, middle: datetime, windows: Iterable[Starts]) -> list[bool]:
    """Of each minute whether any window is open."""
    minutes = readings(zone, middle)
    is_open = [False] * len(minutes)
    for window in windows:
        left = 0
        for number, (_, passed) in enumerate(minutes):
            if any(window.fits(reading) for reading in passed):
                left = window.minutes
            is_open[number] |= left > 0
            left -= 1
    return is_open


def chosen(lowest: int, highest: int) -> st.SearchStrategy[Field]:
    """Single values, ranges, lists."""
    values = st.integers(lowest, highest)
    return st.one_of(
        st.tuples(values, values).map(lambda ends: _range(min(ends), max(ends))),
        st.sets(values, min_size=1, max_size=3).map(
            lambda listed: Field(",".join(map(str, sorted(listed))), frozenset(listed))
        ),
    )


def _range(low: int, high: int) -> Field:
    return Field(f"{low}-{high}", frozenset(range(low, high + 1)))


def _star(first: int, last: int, step: int = 1) -> st.SearchStrategy[Field]:
    text = "*" if step == 1 else f"*/{step}"
    return st.just(Field(text, frozenset(range(first, last + 1, step))))


#: Mostly around the hours in which clocks are changed.
_HOURS: Final = st.one_of(_star(0, 23), _star(0, 23, 2), chosen(0, 23), chosen(1, 3))
_STARTS: Final = st.builds(
    Starts,
    minute=st.one_of(_star(0, 59), _star(0, 59, 20), chosen(0, 59), chosen(0, 0)),
    hour=_HOURS,
    day=st.one_of(_star(1, 31), chosen(1, 31)),
    weekday=st.one_of(_star(0, 6), chosen(0, 6)),
    minutes=st.sampled_from([1, 20, 30, 60, 61, 90, 480, 1440]),
)


@given(
    change=st.sampled_from(_CHANGES),
    windows=st.lists(_STARTS, min_size=1, max_size=3),
    minutes=st.one_of(st.integers(-150, 150), st.integers(-2000, 2000)),
    seconds=st.integers(0, 59),
)
def test_windows_are_open_as_the_minutes_say(
    change: tuple[str, datetime], windows: list[Starts], minutes: int, seconds: int
) -> None:
    zone, middle = change
    expected = open_minutes(zone, middle, windows)
    now = middle + timedelta(minutes=minutes, seconds=seconds)
    number = (now - (middle - _AROUND)) // _MINUTE
    schedule = tuple(Window(each.text, each.minutes * 60, zone) for each in windows)

    standing = standing_at(schedule, now)

    assert standing.is_open == expected[number]
    assert standing.until > now
    # It stays so until just when it says, and is different then, unless that is too far away.
    last = min((standing.until - (middle - _AROUND)) // _MINUTE, len(expected))
    assert set(expected[number:last]) == {standing.is_open}
    is_told = not standing.is_open or standing.closes_at is not None
    if last < len(expected) and is_told:
        assert standing.until.second == 0
        assert expected[last] != standing.is_open
