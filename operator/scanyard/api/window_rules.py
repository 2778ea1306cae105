"""Rules for the windows of a ScanQueue: what a cron schedule and a time zone look like."""

from __future__ import annotations

from typing import Final

from scanyard.api.rules import rule

MAX_WINDOWS: Final = 16
MAX_SCHEDULE_LENGTH: Final = 128
MAX_ZONE_LENGTH: Final = 64

_MONTHS: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS: Final = "SUN|MON|TUE|WED|THU|FRI|SAT"


def _field(value: str) -> str:
    """A list of stars, values and ranges; a step stands after a star or a range."""
    step = "(/[1-9][0-9]?)?"
    item = rf"(\*{step}|({value})(-({value}){step})?)"
    return f"{item}(,{item})*"


SCHEDULE: Final = " ".join(
    _field(value)
    for value in (
        "[0-5]?[0-9]",
        "[01]?[0-9]|2[0-3]",
        "0?[1-9]|[12][0-9]|3[01]",
        f"0?[1-9]|1[0-2]|{_MONTHS}",
        f"0?[0-7]|{_DAYS}",
    )
)

START_RULES: Final = [
    rule(
        f"self.matches(r'^(?i:{SCHEDULE})$')",
        "must be a cron schedule: minute, hour, day of the month, month, day of the week, with one "
        "space between, such as 0 22 * * 1-5",
    ),
]
"""On spec.windows[].start; a range that ends before it starts is told by the queue itself."""

ZONE_RULES: Final = [
    rule(
        "self.matches(r'^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$')",
        "must be the name of a time zone in the IANA database, such as Europe/Berlin or UTC",
    ),
]
"""On spec.windows[].timeZone; whether there is such a zone is told by the queue itself."""
