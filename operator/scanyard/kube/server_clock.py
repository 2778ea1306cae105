"""What time the API server has: the one clock by which everything is decided.

The times that decisions compare with now were written by the API server, or by another process
of this operator on another machine. A machine's own wall clock may be an hour off, and jump, and
then a slot would be freed while its scan still runs. So the API server tells the time by the Date
of each of its answers, and CLOCK_BOOTTIME carries it on from one answer to the next.

A Date has whole seconds, so an answer leaves open about a second; many answers leave open about
as much as one takes on its way. Within that the local wall clock chooses: where it is right, all
is exact, and where it is wrong, it does no harm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

log = logging.getLogger(__name__)

#: A Date is cut to whole seconds.
_RESOLUTION_SECONDS: Final = 1.0
#: By how much two clocks move apart in a second: NTP bends a clock by at most 500 ppm.
_DRIFT: Final = 500e-6
#: The servers of one control plane may differ by so much; the one that is ahead counts.
_TOLERANCE_SECONDS: Final = 5.0
#: A greater difference is believed once no answer has told otherwise for so long: it may be one
#: server's mistake, or a proxy's, and what time has run out cannot be taken back.
_DOUBT_SECONDS: Final = 15.0


def boot_seconds() -> float:
    """Seconds since the machine was started, frozen or suspended time included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ServerClock:
    """Unix time as the API server has it; it never goes back unless the server's clock was set.

    Until the first answer it is this machine's wall clock.
    """

    def __init__(
        self,
        boot: Callable[[], float] = boot_seconds,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._boot = boot
        self._wall = wall
        self._bounds: _Bounds | None = None
        self._doubted_since: float | None = None
        self._latest = float("-inf")
        self._parsed: tuple[str, float] = ("", 0.0)
        self._wall_is_off = False

    def now(self) -> datetime:
        """The time as decisions get it."""
        return datetime.fromtimestamp(self.unix_seconds(), UTC)

    def unix_seconds(self) -> float:
        """The same as a number."""
        boot, wall = self._boot(), self._wall()
        if self._bounds is None:
            return wall
        known = self._bounds.at(boot)
        offset = min(max(wall - boot, known.low), known.high)
        self._latest = max(self._latest, boot + offset)
        return self._latest

    def heard(self, date: str | None, *, sent: float, received: float) -> None:
        """Take in an answer's Date, and when on CLOCK_BOOTTIME it was asked for and had come."""
        second = self._parse(date) if date else None
        if second is None:
            return
        told = _Bounds(second - received, second + _RESOLUTION_SECONDS - sent, received)
        if self._bounds is None:
            self._begin(told)
        elif (known := self._bounds.at(received)).may_be(told):
            self._bounds, self._doubted_since = known.narrowed(told), None
        elif self._doubted_since is None:
            self._doubted_since = received
        elif received - self._doubted_since >= _DOUBT_SECONDS:
            change = told.low - known.low
            log.warning("the API server's clock was set by %+.0f s; this process follows", change)
            self._begin(told)
        self._compare_wall()

    def _begin(self, told: _Bounds) -> None:
        self._bounds, self._doubted_since, self._latest = told, None, float("-inf")

    def _parse(self, date: str) -> float | None:
        # Many answers bear the same second.
        if date != self._parsed[0]:
            try:
                self._parsed = (date, parsedate_to_datetime(date).timestamp())
            except ValueError:
                return None
        return self._parsed[1]

    def _compare_wall(self) -> None:
        """Tell once that the machine's clock is wrong: logs and other programs go by it."""
        assert self._bounds is not None  # noqa: S101 - for the type checker
        offset = self._wall() - self._boot()
        ahead = max(offset - self._bounds.high, 0.0) + min(offset - self._bounds.low, 0.0)
        is_off = abs(ahead) > _TOLERANCE_SECONDS
        if is_off and not self._wall_is_off:
            log.warning(
                "this machine's clock differs by %+.0f s from the API server's, which is the one "
                "that counts; check its time synchronisation",
                ahead,
            )
        self._wall_is_off = is_off


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Between what the server's unix time minus CLOCK_BOOTTIME lay at one moment of the latter."""

    low: float
    high: float
    moment: float

    def at(self, moment: float) -> _Bounds:
        """At a later moment: the clocks may have moved apart."""
        apart = max(moment - self.moment, 0.0) * _DRIFT
        return _Bounds(self.low - apart, self.high + apart, max(moment, self.moment))

    def may_be(self, told: _Bounds) -> bool:
        """Whether both can tell of one clock, or of those of one control plane."""
        return (
            told.low - self.high <= _TOLERANCE_SECONDS
            and self.low - told.high <= _TOLERANCE_SECONDS
        )

    def narrowed(self, told: _Bounds) -> _Bounds:
        """What both leave open; of two that contradict each other, the later time."""
        low = max(self.low, told.low)
        return _Bounds(low, max(min(self.high, told.high), low), self.moment)
