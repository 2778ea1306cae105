"""Durations are written as kubectl writes them, and read as people write them."""

from __future__ import annotations

import pytest

from scanyard.cli.ages import duration, parse_duration
from scanyard.errors import InvalidInputError

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (125, "2m5s"), (10 * MINUTE, "10m"),
        (179 * MINUTE + 59, "179m"), (3 * HOUR, "3h"), (3 * HOUR + 120, "3h2m"), (8 * HOUR, "8h"),
        (47 * HOUR, "47h"), (2 * DAY, "2d"), (2 * DAY + HOUR, "2d1h"), (8 * DAY, "8d"),
        (729 * DAY, "729d"), (730 * DAY, "2y"), (731 * DAY, "2y1d"), (8 * 365 * DAY + DAY, "8y"),
    ],
)  # fmt: skip
def test_a_duration_as_kubectl_writes_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172_800)]
)
def test_a_duration_as_people_write_it(text: str, seconds: int) -> None:
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "m", "1w", "1.5h", "-3s", "1h ", "h1"])
def test_what_is_no_duration_is_refused_by_its_flag(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^--timeout: .*write 90s, 30m, 1h30m or 2d$"):
        parse_duration(text, "--timeout")
