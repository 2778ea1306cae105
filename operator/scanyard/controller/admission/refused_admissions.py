"""ScanJobs whose admission the API server would not record: they wait, so that others may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scanyard.controller.backoff import Backoff

_FIRST_SECONDS, _LONGEST_SECONDS = 2.0, 60.0


@dataclass(slots=True)
class _Refusal:
    backoff: Backoff
    until: datetime


class RefusedAdmissions:
    """By ScanJob uid: not to be admitted before. In memory only, since nothing can be written."""

    def __init__(self) -> None:
        self._by_uid: dict[str, _Refusal] = {}

    def add(self, uid: str, now: datetime) -> float:
        """Refused once more; returns the seconds until it is tried again."""
        refusal = self._by_uid.get(uid)
        if refusal is None:
            backoff = Backoff(first=_FIRST_SECONDS, longest=_LONGEST_SECONDS)
            refusal = self._by_uid[uid] = _Refusal(backoff, now)
        seconds = refusal.backoff.next_delay()
        refusal.until = now + timedelta(seconds=seconds)
        return seconds

    def until(self, uid: str) -> datetime | None:
        """When its admission may be tried again; None if none was refused."""
        known = self._by_uid.get(uid)
        return known.until if known else None

    def forget(self, uid: str) -> None:
        """It was admitted, or is gone."""
        self._by_uid.pop(uid, None)
