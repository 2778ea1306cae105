"""Times as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from scanyard.cli.ages import parse_duration
from scanyard.errors import InvalidInputError

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_FORMS: Final = "write 22:00 (the next one, here), +2h, or 2026-01-31T22:00:00Z"


def parse_start(text: str, field: str, now: datetime) -> datetime:
    """When: "22:00" on this machine's clock, the next one; "+2h" from now; or a time of RFC 3339.

    `now` has no zone: it is this machine's own time, whose changes of the clock are heeded. The
    result has one. Raises InvalidInputError.
    """
    if text.startswith("+"):
        return now.astimezone(UTC) + timedelta(seconds=parse_duration(text[1:], field))
    if clock := _CLOCK.fullmatch(text):
        time = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return (time if time > now else time + timedelta(days=1)).astimezone()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text:
        raise InvalidInputError(field, f"{text!r} is no time", _FORMS)
    return found
