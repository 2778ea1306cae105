"""Whatever schedule the API server accepts, the operator reads it or says why not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from scanyard.api.window_rules import SCHEDULE
from scanyard.lifecycle.timing.windows import Window, standing_at

_ZONES: Final = sorted(available_timezones())


@given(
    start=st.from_regex(f"(?i:{SCHEDULE})", fullmatch=True, alphabet=st.characters(codec="ascii")),
    duration=st.integers(60, 604_800),
    zone=st.sampled_from(_ZONES),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
)
def test_it_is_open_or_tells_when_it_opens_or_what_is_wrong(
    start: str, duration: int, zone: str, now: datetime
) -> None:
    standing = standing_at((Window(start, duration, zone),), now)
    assert standing.holds_at(now)
    assert standing.is_open == (standing.reason == "")
    if standing.reason == "OutsideWindow":
        assert "the next opens at" in standing.message
        after = standing_at((Window(start, duration, zone),), standing.until)
        assert after.is_open, "it opens when it said"
    if standing.reason == "InvalidWindow":
        assert "windows[0].start" in standing.message
