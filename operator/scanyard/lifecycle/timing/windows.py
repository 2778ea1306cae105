"""A queue's windows: when it admits, and from when on that is different.

A window opens by its schedule and stays open for so long, in real time, whatever the clock does
meanwhile. The queue is open while any of its windows is; without windows it always is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scanyard.lifecycle.timestamps import format_time
from scanyard.lifecycle.timing.cron import (
    BadScheduleError,
    BadTimeZoneError,
    Schedule,
    read_schedule,
)

OUTSIDE_WINDOW: Final = "OutsideWindow"
INVALID_WINDOW: Final = "InvalidWindow"

_EVER: Final = datetime.max.replace(tzinfo=UTC)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
#: Windows that follow each other without a pause are joined up to so many; then it is looked again.
_MOST_JOINED: Final = 100


@dataclass(frozen=True, slots=True)
class Window:
    """One window as the queue's spec has it."""

    start: str
    duration_seconds: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the queue is open; what it says is so from `since` until `until`.

    `reason` and `message` say why it is closed, and when it opens. `closes_at`: when an open one
    closes, where that is near enough to be known.
    """

    is_open: bool
    reason: str = ""
    message: str = ""
    closes_at: datetime | None = None
    since: datetime = field(default=_NEVER, compare=False)
    until: datetime = field(default=_EVER, compare=False)

    def holds_at(self, instant: datetime) -> bool:
        """Whether it is so then."""
        return self.since <= instant < self.until


ALWAYS_OPEN: Final = Standing(is_open=True)
#: Nobody has looked at the clock yet: nothing is admitted, and nothing ended.
NOT_LOOKED: Final = Standing(is_open=False, message="its windows are being read", until=_NEVER)


def read_windows(spec: Mapping[str, Any]) -> tuple[Window, ...]:
    """The windows of a queue's spec that the API server has validated and defaulted."""
    return tuple(
        Window(raw["start"], raw["durationSeconds"], raw.get("timeZone", "UTC"))
        for raw in spec.get("windows") or ()
    )


def standing_at(windows: tuple[Window, ...], now: datetime) -> Standing:
    """Whether a queue with these windows is open now."""
    if not windows:
        return ALWAYS_OPEN
    schedules: list[tuple[Schedule, timedelta]] = []
    for number, window in enumerate(windows):
        try:
            schedule = read_schedule(window.start, window.time_zone)
        except (BadScheduleError, BadTimeZoneError) as error:
            return Standing(is_open=False, reason=INVALID_WINDOW, message=_mend(number, error))
        schedules.append((schedule, timedelta(seconds=window.duration_seconds)))
    end, is_known = _open_until(schedules, now)
    if end is not None:
        closes_at = end if is_known else None
        return Standing(is_open=True, closes_at=closes_at, since=now, until=end)
    return _closed(schedules, now)


def _open_until(
    schedules: Iterable[tuple[Schedule, timedelta]], now: datetime
) -> tuple[datetime | None, bool]:
    """When the last of the windows ends that follow each other from now on; whether it is that.

    None: none is open.
    """
    end = now
    for _ in range(_MOST_JOINED):
        # Also one that begins just when all others end.
        ends = (at + lasts for s, lasts in schedules if (at := s.last_until(end)) is not None)
        last = max(ends, default=end)
        if last <= end:
            return (end if end > now else None), True
        end = last
    return end, False


def _closed(schedules: Iterable[tuple[Schedule, timedelta]], now: datetime) -> Standing:
    openings = [(at, s.zone) for s, _ in schedules if (at := s.next_after(now)) is not None]
    at, zone = min(openings, key=lambda opening: opening[0])
    local = at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return Standing(
        is_open=False,
        reason=OUTSIDE_WINDOW,
        message=f"outside its windows; the next opens at {format_time(at)} ({local} {zone.key})",
        since=now,
        until=at,
    )


def _mend(number: int, error: BadScheduleError | BadTimeZoneError) -> str:
    if isinstance(error, BadTimeZoneError):
        field_name, mend = "timeZone", "write a name of the IANA database such as Europe/Berlin"
    else:
        field_name, mend = "start", "write minute, hour, day, month, weekday such as 0 22 * * 1-5"
    where = f"windows[{number}].{field_name}"
    return f"{where} cannot be read ({error}): {mend}; until then nothing is admitted"
