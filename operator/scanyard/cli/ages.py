"""Durations as people read and write them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from scanyard.errors import InvalidInputError

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_UNITS: Final = {"": 1, "s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY}
_PART: Final = re.compile(r"(\d+)([smhd]?)")


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, as `kubectl get` writes it; empty where nothing happened yet."""
    return "" if since is None else duration((now - since).total_seconds())


def duration(seconds: float) -> str:
    """Two significant units at most, the second one only while it matters (kubectl's rule)."""
    whole = max(int(seconds), 0)
    for limit, large, small in (
        (2 * _MINUTE, "s", ""),
        (10 * _MINUTE, "m", "s"),
        (3 * _HOUR, "m", ""),
        (8 * _HOUR, "h", "m"),
        (2 * _DAY, "h", ""),
        (8 * _DAY, "d", "h"),
    ):
        if whole < limit:
            return _in_units(whole, large, small)
    if whole < 2 * 365 * _DAY:
        return _in_units(whole, "d", "")
    years, rest = divmod(whole, 365 * _DAY)
    return f"{years}y" + (f"{rest // _DAY}d" if rest // _DAY and years < 8 else "")


def _in_units(whole: int, large: str, small: str) -> str:
    count, rest = divmod(whole, _UNITS[large])
    less = rest // _UNITS[small] if small else 0
    return f"{count}{large}" + (f"{less}{small}" if less else "")


def parse_duration(text: str, field: str) -> int:
    """Seconds of "90", "90s", "30m", "1h30m" or "2d"; raises InvalidInputError."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInputError(field, f"{text!r} is no duration", "write 90s, 30m, 1h30m or 2d")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)
