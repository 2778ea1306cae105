"""The order of the waiting: priority with ageing, exact to the millisecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.queueing.order import order_score

NOW = 1_800_000_000_000
priorities = st.integers(-100, 100)
moments = st.integers(1_700_000_000_000, 4_102_444_800_000)  # 2023 to 2100
agings = st.integers(0, 31_536_000)  # up to a year a point


def test_who_came_first_goes_first_at_equal_priority() -> None:
    assert order_score(NOW, 5, 600) < order_score(NOW + 1, 5, 600)


def test_one_point_of_priority_is_worth_aging_seconds_of_waiting() -> None:
    urgent = order_score(NOW, 1, 600)
    assert order_score(NOW - 599_999, 0, 600) > urgent
    assert order_score(NOW - 600_001, 0, 600) < urgent


@given(moments, moments, priorities, priorities)
def test_without_ageing_priority_is_strict(one: int, other: int, low: int, high: int) -> None:
    if low < high:
        assert order_score(one, high, 0) < order_score(other, low, 0)


@given(moments, priorities, agings)
def test_a_millisecond_is_never_lost(queued_at_ms: int, priority: int, aging: int) -> None:
    score = order_score(queued_at_ms, priority, aging)
    assert order_score(queued_at_ms + 1, priority, aging) - score == 1.0
    assert float(repr(score)) == score


def test_a_score_that_would_be_rounded_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond exact milliseconds"):
        order_score(NOW, -100, 10**11)
    with pytest.raises(ValueError, match="must not be negative"):
        order_score(NOW, 0, -1)
