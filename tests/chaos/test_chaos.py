"""A short run of `make chaos`: nothing lost, nothing twice, nothing beyond a limit."""

from __future__ import annotations

import pytest

from tests.chaos.run import Plan, run


@pytest.mark.parametrize("seed", [20260401])
def test_guarantees_hold_in_chaos(seed: int) -> None:
    outcome = run(Plan(seed), print)
    assert outcome.violations == [], outcome.said
    assert sum(outcome.faults.values()) == outcome.plan.faults
    assert outcome.containers > outcome.plan.scanjobs / 2
