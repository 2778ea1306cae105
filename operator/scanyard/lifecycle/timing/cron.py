"""Cron schedules on the clock of a time zone.

A schedule is a set of readings of the wall clock. Each is an instant: the first of the two where
the clock is set back over it, and the first after the gap where the clock is set forward over it.
The library reckons with bare readings only, so that this rule holds for all schedules alike; by
its own (cronsim, after Debian's cron) those with a star for minute or hour follow another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from scanyard.errors import ScanyardError


class BadScheduleError(ScanyardError):
    """The schedule is none, or names no day that ever comes."""


class BadTimeZoneError(ScanyardError):
    """The IANA database has no such time zone."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression of five fields, read on the clock of a zone."""

    expression: str
    zone: ZoneInfo

    def last_until(self, instant: datetime) -> datetime | None:
        """The newest start at or before the instant, in UTC."""
        # What the clock has shown by now: after it was set back, more than it shows.
        shown = max(_shown(instant, self.zone), _shown(instant - timedelta(days=1), self.zone, 1))
        readings = CronSim(self.expression, shown + timedelta(seconds=1), reverse=True)
        return next((at for at in self._instants(readings) if at <= instant), None)

    def next_after(self, instant: datetime) -> datetime | None:
        """The first start after the instant, in UTC."""
        readings = CronSim(self.expression, _shown(instant, self.zone))
        return next((at for at in self._instants(readings) if at > instant), None)

    def _instants(self, readings: CronSim) -> Iterator[datetime]:
        return (_instant(reading, self.zone) for reading in readings)


@lru_cache(maxsize=1024)
def read_schedule(expression: str, time_zone: str) -> Schedule:
    """The schedule; raises BadScheduleError or BadTimeZoneError."""
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        # A name that is a folder of the database, such as "Europe", is an OSError.
        raise BadTimeZoneError(f"no time zone {time_zone!r}") from error
    if len(expression.split()) != 5:
        raise BadScheduleError("it needs five fields")
    try:
        next(CronSim(expression, datetime(2024, 1, 1)))
    except CronSimError as error:
        raise BadScheduleError(str(error).lower()) from error
    except StopIteration as error:
        raise BadScheduleError("no such day ever comes") from error
    return Schedule(expression, zone)


def _shown(instant: datetime, zone: ZoneInfo, days_later: int = 0) -> datetime:
    """What the clock of the zone shows then, or would, so many days later, if not set since."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days_later)


def _instant(reading: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows it, or else first shows a later one."""
    instant = reading.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shown(instant, zone) == reading:
        return instant
    # In a gap: taken by the offset before it the reading lies behind the gap's end, by the one
    # after it (PEP 495: fold=1) before that.
    before, after = reading.replace(tzinfo=zone, fold=1).astimezone(UTC), instant
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
