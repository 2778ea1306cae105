"""When a queue's windows are open: daylight saving, overlaps, what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from scanyard.lifecycle.timing.windows import ALWAYS_OPEN, Window, standing_at

_HOUR: Final = 3600


def utc(text: str) -> datetime:
    """An instant written as 2026-03-29 01:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(windows: tuple[Window, ...], begin: str, end: str) -> list[tuple[str, str]]:
    """When it opens and closes between two instants, going from one change to the next."""
    found, now = [], utc(begin)
    while now < utc(end):
        standing = standing_at(windows, now)
        assert standing.until > now
        if standing.is_open:
            found.append((f"{now:%m-%d %H:%M:%S}", f"{standing.until:%m-%d %H:%M:%S}"))
        now = standing.until
    return found


# Each night is told in UTC, from one noon to the next.
NIGHTS: Final = {
    "Berlin, no change": (
        ("30 2 * * *", _HOUR, "Europe/Berlin"),
        "2026-03-27 12:00",
        [("03-28 01:30:00", "03-28 02:30:00")],
    ),
    "Berlin, 2:30 does not exist: from 3:00 on": (
        ("30 2 * * *", _HOUR, "Europe/Berlin"),
        "2026-03-28 12:00",
        [("03-29 01:00:00", "03-29 02:00:00")],
    ),
    "Berlin, neither 2:00, 2:20 nor 2:40 exists: once, from 3:00 on": (
        ("*/20 2 * * *", 60, "Europe/Berlin"),
        "2026-03-28 12:00",
        [("03-29 01:00:00", "03-29 01:01:00")],
    ),
    "Berlin, 2:30 exists twice: the first": (
        ("30 2 * * *", _HOUR, "Europe/Berlin"),
        "2026-10-24 12:00",
        [("10-25 00:30:00", "10-25 01:30:00")],
    ),
    "Berlin, the hour from 2:00 exists twice, and stars change nothing: the first": (
        ("*/30 2 * * *", 60, "Europe/Berlin"),
        "2026-10-24 12:00",
        [("10-25 00:00:00", "10-25 00:01:00"), ("10-25 00:30:00", "10-25 00:31:00")],
    ),
    "Berlin, spring: eight real hours": (
        ("0 22 * * 6", 8 * _HOUR, "Europe/Berlin"),
        "2026-03-28 12:00",
        [("03-28 21:00:00", "03-29 05:00:00")],
    ),
    "Berlin, autumn: eight real hours": (
        ("0 22 * * SAT", 8 * _HOUR, "Europe/Berlin"),
        "2026-10-24 12:00",
        [("10-24 20:00:00", "10-25 04:00:00")],
    ),
    "New York, 2:30 does not exist": (
        ("30 2 * * *", _HOUR, "America/New_York"),
        "2026-03-07 12:00",
        [("03-08 07:00:00", "03-08 08:00:00")],
    ),
    "New York, 1:30 exists twice": (
        ("30 1 * * *", _HOUR, "America/New_York"),
        "2026-10-31 12:00",
        [("11-01 05:30:00", "11-01 06:30:00")],
    ),
    "Lord Howe, half an hour: 2:15 does not exist, 2:30 is next": (
        ("15 2 * * *", _HOUR, "Australia/Lord_Howe"),
        "2026-10-03 12:00",
        [("10-03 15:30:00", "10-03 16:30:00")],
    ),
    "Lord Howe, half an hour: 1:45 exists twice": (
        ("45 1 * * *", 60, "Australia/Lord_Howe"),
        "2026-04-04 12:00",
        [("04-04 14:45:00", "04-04 14:46:00")],
    ),
    "across midnight into a day that has no start": (
        ("0 22 * * 1-5", 8 * _HOUR, "UTC"),
        "2026-06-05 12:00",
        [("06-05 22:00:00", "06-06 06:00:00")],
    ),
    "day and weekday: either": (
        ("0 0 13 * 5", 60, "UTC"),
        "2026-06-11 12:00",
        [("06-12 00:00:00", "06-12 00:01:00")],
    ),
}


@pytest.mark.parametrize(("window", "noon", "expected"), NIGHTS.values(), ids=NIGHTS)
def test_a_night(window: tuple[str, int, str], noon: str, expected: list[tuple[str, str]]) -> None:
    next_noon = f"{utc(noon) + timedelta(days=1):%Y-%m-%d %H:%M}"
    assert spans((Window(*window),), noon, next_noon) == expected


def test_every_minute_of_a_window_that_the_clock_is_set_back_in() -> None:
    """At 2:10 of the second time, the window of 2:30 of the first is open."""
    windows = (Window("30 2 * * *", _HOUR, "Europe/Berlin"),)
    opens = utc("2026-10-25 00:30")
    inside = [opens + timedelta(minutes=minute) for minute in range(60)]
    assert all(standing_at(windows, now).is_open for now in inside)


def test_windows_that_overlap_or_meet_are_one() -> None:
    windows = (
        Window("0 1 * * *", 2 * _HOUR, "UTC"),
        Window("0 2 * * *", 2 * _HOUR, "UTC"),
        Window("0 4 * * *", _HOUR, "UTC"),
        Window("0 7 * * *", _HOUR, "UTC"),
    )
    assert spans(windows, "2026-06-01 00:00", "2026-06-02 00:00") == [
        ("06-01 01:00:00", "06-01 05:00:00"),
        ("06-01 07:00:00", "06-01 08:00:00"),
    ]


def test_the_next_window_is_told_in_utc_and_on_its_own_clock() -> None:
    windows = (Window("0 22 * * *", _HOUR, "Europe/Berlin"), Window("0 23 * * *", _HOUR, "UTC"))
    standing = standing_at(windows, utc("2026-06-01 12:00"))
    assert (standing.is_open, standing.reason) == (False, "OutsideWindow")
    assert standing.message == (
        "outside its windows; the next opens at 2026-06-01T20:00:00Z "
        "(2026-06-01 22:00 Europe/Berlin)"
    )


def test_a_window_ends_with_its_last_second() -> None:
    windows = (Window("0 1 * * *", 60, "UTC"),)
    assert standing_at(windows, utc("2026-06-01 01:00:00")).is_open
    assert standing_at(windows, utc("2026-06-01 01:00:59.999999")).is_open
    assert not standing_at(windows, utc("2026-06-01 01:01:00")).is_open
    assert not standing_at(windows, utc("2026-06-01 00:59:59.999999")).is_open


def test_windows_without_a_pause_are_open_all_the_time() -> None:
    standing = standing_at((Window("* * * * *", 60, "UTC"),), utc("2026-06-01 12:00:30"))
    assert standing.is_open
    assert standing.closes_at is None, "nobody is told of an end that is none"
    assert standing.until > utc("2026-06-01 13:00")


def test_no_windows_are_always_open() -> None:
    assert standing_at((), utc("2026-06-01 12:00")) is ALWAYS_OPEN
    assert ALWAYS_OPEN.holds_at(utc("2026-06-01 12:00"))


@pytest.mark.parametrize(
    ("start", "zone", "problem"),
    [
        ("0 0 * * *", "Mars/Olympus", "windows[1].timeZone cannot be read (no time zone 'Mars"),
        ("0 0 * * *", "Europe", "windows[1].timeZone cannot be read"),
        ("0 0 * * *", "../etc/passwd", "windows[1].timeZone cannot be read"),
        ("30-10 0 * * *", "UTC", "windows[1].start cannot be read (bad minute)"),
        ("0 0 31 4 *", "UTC", "windows[1].start cannot be read (bad day-of-month)"),
        ("0 0 0 * * *", "UTC", "windows[1].start cannot be read (it needs five fields)"),
        ("nightly", "UTC", "windows[1].start cannot be read"),
        ("", "UTC", "windows[1].start cannot be read"),
    ],
)
def test_what_cannot_be_read_closes_the_queue_and_says_so(
    start: str, zone: str, problem: str
) -> None:
    always = Window("* * * * *", 60, "UTC")
    standing = standing_at((always, Window(start, 60, zone)), utc("2026-06-01 12:00"))
    assert (standing.is_open, standing.reason) == (False, "InvalidWindow")
    assert standing.message.startswith(problem)
    assert "write" in standing.message, "it says what to do"
    assert standing.holds_at(utc("2030-01-01 00:00")), "there is nothing to wait for"
