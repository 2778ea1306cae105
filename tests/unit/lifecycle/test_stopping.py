"""A Pod that runs, and what happens to it when it is not wanted any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scanyard.lifecycle.decision import Waiting
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
from tests.unit.lifecycle.looking import HELD, RUNNING, WISHES, finished, look


def test_running_shortly_is_not_worth_a_write() -> None:
    pod = raw_pod(state={"running": {"startedAt": at(-1)}})
    decision = look(status=open_attempt(), pod=pod)
    assert decision.status == read_job(raw_job(status=open_attempt())).status
    assert decision.look_again_at == NOW + timedelta(seconds=1)


def test_running_is_shown() -> None:
    decision = look(status=open_attempt(), pod=raw_pod(state=RUNNING))
    assert decision.status.phase == "Running"
    assert decision.status.started_at == NOW - timedelta(seconds=4)
    assert decision.place == HELD


@pytest.mark.parametrize("wish", ["cancel", "suspend"])
def test_unwanted_pod_is_deleted_and_its_slot_stays(wish: str) -> None:
    decision = look(status=open_attempt(), pod=raw_pod(state=RUNNING), **WISHES[wish])
    assert decision.delete is not None
    assert decision.place == HELD
    assert not decision.status.finished


def test_draining_queue_deletes_the_pod() -> None:
    decision = look(
        status=open_attempt(), pod=raw_pod(state=RUNNING), queue={"stopPolicy": "HoldAndDrain"}
    )
    assert decision.delete is not None
    assert decision.place == HELD


def test_held_queue_lets_it_run() -> None:
    decision = look(status=open_attempt(), pod=raw_pod(state=RUNNING), queue={"stopPolicy": "Hold"})
    assert decision.delete is None
    assert decision.place == HELD


def test_failed_phase_with_a_running_container_keeps_the_slot() -> None:
    """DeadlineExceeded is written before the container has stopped."""
    pod = raw_pod(state=RUNNING, phase="Failed", reason="DeadlineExceeded")
    assert look(status=open_attempt(), pod=pod).place == HELD


def test_suspended_attempt_ends_as_suspended_without_counting() -> None:
    pod = raw_pod(state=terminated(report(complete=False), exit_code=130))
    decision = look(status=open_attempt(), pod=pod, suspend=True)
    assert decision.status.phase == "Suspended"
    assert not decision.status.finished
    assert decision.place is None


def test_drained_attempt_waits_again_at_its_old_place() -> None:
    pod = raw_pod(state=terminated(report(complete=False), exit_code=130))
    decision = look(status=open_attempt(), pod=pod, queue={"stopPolicy": "HoldAndDrain"})
    assert decision.place == Waiting("team/default")
    assert decision.status.queued_at is None, "creation stays its place in the order"


@pytest.mark.parametrize(
    ("wish", "policy"), [("suspend", "None"), ("run", "HoldAndDrain"), ("cancel", "None")]
)
def test_changing_ones_mind_while_it_stops_is_no_failure(wish: str, policy: str) -> None:
    """Suspended and resumed, drained and released, cancelled and rerun: before the Pod ended."""
    running = raw_pod(state=RUNNING)
    first = look(
        status=open_attempt(rerunToken="one"),
        pod=running,
        queue={"stopPolicy": policy},
        **WISHES[wish],
    )
    assert first.delete is not None
    stopped = raw_pod(state=terminated(report(complete=False), exit_code=130))
    stopped["metadata"]["deletionTimestamp"] = at(50)
    decision = look(status=first.status.raw(), pod=stopped, rerunToken="two")
    if wish == "cancel":
        assert finished(decision) == ("Cancelled", "Cancelled")
        again = look(status=decision.status.raw(), rerunToken="two")
        assert again.place == Waiting("team/default")
    else:
        assert decision.place == Waiting("team/default")
        assert not decision.status.finished
        assert decision.status.queued_at == (NOW if wish == "suspend" else None)


def test_tombstone_closes_the_attempt() -> None:
    pod = raw_pod(node="")
    pod["metadata"]["labels"]["scanyard.dev/role"] = "tombstone"
    decision = look(status=open_attempt(), pod=pod, cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")
    assert decision.place is None


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("policy", ["None", "Hold", "HoldAndDrain"])
@pytest.mark.parametrize("phase", ["Pending", "Running", "Failed", "Succeeded", "Unknown"])
def test_a_running_container_always_holds_its_slot(wish: str, policy: str, phase: str) -> None:
    decision = look(
        status=open_attempt(),
        pod=raw_pod(state=RUNNING, phase=phase),
        queue={"stopPolicy": policy},
        **WISHES[wish],
    )
    assert decision.place == HELD
    assert decision.create is None
