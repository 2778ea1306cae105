"""A new leader builds its ledger anew, which takes a while; scans do not wait for that."""

from __future__ import annotations

from tests.crashpoints.scenarios import first_is_made_to_stop, one_runs_one_waits
from tests.crashpoints.stage import DELETED, Stage


def test_a_slot_that_comes_free_meanwhile_is_given_back(stage: Stage) -> None:
    """The ScanJob is gone, and the last that is ever heard of its Pod comes too early."""
    one_runs_one_waits(stage, None)
    stage.operator.kill()
    stage.delete("a")
    with stage.slow_redis():
        stage.start_armed(None)
        first_is_made_to_stop(stage)
        stage.until(lambda: not stage.holds_told(), "read that a's scan has stopped")
        assert not stage.operator.requests()["redis-rebuild-commit"]
    stage.until_pod("b")
    stage.settle()
    stage.judge({"a": DELETED, "b": "Succeeded"}, {"a": 1, "b": 1})
