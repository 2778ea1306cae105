"""A ScanJob without an attempt: in its queue, parked, suspended, finished, run again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import AttemptView, Parked, View, Waiting
from scanyard.lifecycle.job import read_job
from tests.support.objects import (
    NOW,
    at,
    open_attempt,
    raw_job,
    raw_pod,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import finished, look


def test_new_scanjob_waits_and_nothing_is_written_yet() -> None:
    decision = look()
    assert decision.place == Waiting("team/default")
    assert decision.status == read_job(raw_job()).status


def test_announced_scanjob_says_why_it_waits() -> None:
    decision = look(view={"announce": True, "waiting_reason": ("QueueFull", "runs 2 of 2")})
    reconciling = decision.status.condition("Reconciling")
    assert decision.status.phase == "Queued"
    assert reconciling is not None
    assert (reconciling.status, reconciling.reason) == (True, "QueueFull")


def test_cancel_while_waiting_leaves_the_ledger_and_finishes() -> None:
    decision = look(cancel=True)
    assert decision.place is None
    assert finished(decision) == ("Cancelled", "Cancelled")


def test_suspended_while_waiting_has_none_of_the_kstatus_conditions() -> None:
    decision = look(suspend=True)
    assert decision.place is None
    assert decision.status.phase == "Suspended"
    kinds = {condition.type for condition in decision.status.conditions}
    assert kinds.isdisjoint({"Ready", "Reconciling", "Stalled"})


def test_resume_puts_it_at_the_end_of_its_priority() -> None:
    suspended = look(suspend=True).status.raw()
    decision = look(status=suspended)
    assert decision.place == Waiting("team/default")
    assert decision.status.queued_at == NOW
    assert decision.status.phase == "Queued"


def test_denied_target_is_parked_with_its_reason() -> None:
    decision = look(view={"refusal": "target 127.0.0.1 lies in 127.0.0.0/8"})
    reconciling = decision.status.condition("Reconciling")
    assert decision.place == Parked("team/default", "scope")
    assert reconciling is not None
    assert reconciling.reason == "OutOfScope"


def test_refused_pod_is_parked_until_its_back_off_ends() -> None:
    status = {"phase": "Queued", "refusals": 1, "retryAt": at(10)}
    assert look(status=status).place == Parked("team/default", "retry", NOW + timedelta(seconds=10))
    assert look(status=status | {"retryAt": at(0)}).place == Waiting("team/default")


def test_refused_admission_is_parked_until_its_back_off_ends() -> None:
    until = NOW + timedelta(seconds=3)
    decision = look(view={"refused_until": until})
    assert decision.place == Parked("team/default", "retry", until)
    assert decision.look_again_at == until
    assert look(view={"refused_until": NOW}).place == Waiting("team/default")


@pytest.fixture
def succeeded_status() -> dict[str, Any]:
    pod = raw_pod(state=terminated(report()))
    status = open_attempt() | {"rerunToken": "one"}
    return look(status=status, pod=pod, rerunToken="one").status.raw()


def test_finished_scanjob_is_left_alone(succeeded_status: dict[str, Any]) -> None:
    decision = look(status=succeeded_status, rerunToken="one", suspend=True, cancel=True)
    assert decision.place is None
    assert decision.status.phase == "Succeeded"


def test_new_token_runs_a_finished_scanjob_again(succeeded_status: dict[str, Any]) -> None:
    decision = look(status=succeeded_status, rerunToken="two")
    assert decision.place == Waiting("team/default")
    assert not decision.status.finished
    assert decision.status.summary is None
    assert decision.status.rerun_token == "two"
    assert decision.status.attempt_count == 1, "attempt numbers name Pods: they never restart"


def test_token_that_was_taken_away_is_no_rerun(succeeded_status: dict[str, Any]) -> None:
    assert look(status=succeeded_status).place is None


def test_spec_change_on_a_finished_scanjob_moves_observed_generation(
    succeeded_status: dict[str, Any],
) -> None:
    job = raw_job(status=succeeded_status, rerunToken="one")
    job["metadata"]["generation"] = 5
    decision = decide(View(read_job(job), None, AttemptView(), NOW))
    assert decision.status.observed_generation == 5
    assert {c.observed_generation for c in decision.status.conditions} == {5}
