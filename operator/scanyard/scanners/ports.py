"""Lists of ports such as "22,80,8000-8100" → a canonical list and how many they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from scanyard.errors import InvalidInputError
from scanyard.scanners.targets import Interval, count, merge

MAX_PORT: Final = 65535
MAX_LIST_LENGTH: Final = 4096

_ENTRY = re.compile(r"([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?")


@dataclass(frozen=True, slots=True)
class PortSet:
    """Distinct ports of one protocol in ascending order."""

    intervals: tuple[Interval, ...]

    def __len__(self) -> int:
        return count(self.intervals)

    def __str__(self) -> str:
        return ",".join(
            f"{i.first}" if i.size == 1 else f"{i.first}-{i.last}" for i in self.intervals
        )


def parse_ports(text: str, field: str) -> PortSet:
    """Read a list of ports. Raises InvalidInputError naming `field`."""
    if len(text) > MAX_LIST_LENGTH:
        raise InvalidInputError(
            field, f"{len(text)} characters", f"keep the list under {MAX_LIST_LENGTH}; use ranges"
        )
    return PortSet(merge(_parse_entry(entry, field) for entry in text.split(",")))


def _parse_entry(entry: str, field: str) -> Interval:
    match = _ENTRY.fullmatch(entry)
    first = int(match[1]) if match else 0
    last = int(match[2] or match[1]) if match else 0
    if not 1 <= first <= last <= MAX_PORT:
        raise InvalidInputError(
            field,
            f"{entry[:40]!a} is not a port or a range of ports",
            f"write ports of 1 to {MAX_PORT} such as 22,80,8000-8100",
        )
    return Interval(first, last)
