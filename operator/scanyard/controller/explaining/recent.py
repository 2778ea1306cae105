"""Whose status has changed a moment ago: what is no news can wait."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

#: A waiting ScanJob's status is written at most so often, unless its reason changes.
QUIET: Final = timedelta(seconds=30)


class RecentWrites:
    """Uids by the time of their last write; older ones than QUIET are forgotten."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, datetime] = OrderedDict()

    def wrote(self, uid: str, now: datetime) -> None:
        """Its status has just changed."""
        self._at.pop(uid, None)
        self._at[uid] = now
        self._forget_old(now)

    def has(self, uid: str, now: datetime) -> bool:
        """Whether that was less than QUIET ago."""
        self._forget_old(now)
        return uid in self._at

    def _forget_old(self, now: datetime) -> None:
        while self._at:
            uid, at = next(iter(self._at.items()))
            if now - at < QUIET:
                return
            del self._at[uid]
