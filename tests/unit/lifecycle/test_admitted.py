"""An admitted attempt whose Pod is not there yet."""

from __future__ import annotations

import pytest

from scanyard.lifecycle.decision import Waiting
from tests.support.objects import (
    open_attempt,
)
from tests.unit.lifecycle.looking import HELD, WISHES, look


def test_admitted_attempt_without_pod_is_created() -> None:
    decision = look(status=open_attempt())
    assert decision.place == HELD
    assert decision.create is not None
    assert decision.create.number == 1


def test_admitted_attempt_over_a_lowered_limit_is_given_back() -> None:
    decision = look(status=open_attempt(), view={"over_limit": True})
    assert decision.create is None
    assert decision.place == Waiting("team/default")
    assert decision.status.open_attempt is None


@pytest.mark.parametrize("wish", ["cancel", "suspend"])
def test_unwanted_attempt_is_closed_when_surely_no_create_was_sent(wish: str) -> None:
    decision = look(status=open_attempt(), **WISHES[wish])
    assert decision.create is None
    assert decision.tombstone is None
    assert decision.place is None
    assert decision.status.open_attempt is None


@pytest.mark.parametrize("wish", ["cancel", "suspend"])
def test_unwanted_attempt_of_an_earlier_process_is_buried_first(wish: str) -> None:
    decision = look(status=open_attempt(), attempt={"create_uncertain": True}, **WISHES[wish])
    assert decision.tombstone is not None
    assert decision.place == HELD, "the slot stays until the name is taken"
