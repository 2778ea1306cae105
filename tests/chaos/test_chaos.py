"""A short run of chaos: the guarantees hold under users and faults that come at random."""

from __future__ import annotations

import pytest

from tests.chaos.run import Plan, run

#: `make chaos` takes other seeds, and more of everything.
_SEED = 20260401


@pytest.mark.timeout(600)
def test_nothing_is_over_admitted_lost_or_run_twice() -> None:
    plan = Plan(_SEED, scanjobs=300, faults=40, node_losses=1, lease_seconds=3)
    outcome = run(plan, print)
    assert outcome.violations == [], outcome.said
    assert outcome.containers >= plan.scanjobs / 2, "much was to run"
    assert outcome.amid_faults >= plan.scanjobs / 5, "not only after the last fault"
    assert sum(outcome.faults.values()) == plan.faults
