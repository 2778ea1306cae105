"""The decision table of one ScanJob: state of the attempt x what is wanted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import AttemptView, Decision, Holding, Parked, View, Waiting
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.pod import read_pod
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import (
    NOW,
    at,
    open_attempt,
    raw_job,
    raw_pod,
    raw_queue,
    report,
    terminated,
)

HELD = Holding("team/default", 1)
WISHES: dict[str, dict[str, Any]] = {
    "run": {},
    "cancel": {"cancel": True},
    "suspend": {"suspend": True},
}
RUNNING = {"running": {"startedAt": at(-4)}}


def look(
    *,
    status: dict[str, Any] | None = None,
    pod: dict[str, Any] | None = None,
    queue: dict[str, Any] | None = None,
    view: dict[str, Any] | None = None,
    attempt: dict[str, Any] | None = None,
    **spec: Any,
) -> Decision:
    """Decide about one ScanJob at NOW."""
    seen = read_pod(pod) if pod is not None else None
    known = AttemptView(pod=seen, existed=seen is not None, create_uncertain=False)
    for name, value in (attempt or {}).items():
        object.__setattr__(known, name, value)
    return decide(
        View(
            job=read_job(raw_job(status=status, **spec)),
            queue=read_queue(raw_queue(**(queue or {}))),
            attempt=known,
            now=NOW,
            **(view or {}),
        )
    )


def finished(decision: Decision) -> tuple[str, str]:
    """Phase and reason of a finished ScanJob."""
    condition = decision.status.condition("Finished")
    assert condition is not None
    assert condition.status
    return decision.status.phase, condition.reason


# --- waiting


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


# --- finished and rerun


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


# --- admitted, no Pod yet


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


# --- a Pod exists


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


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("reason", ["", "DeadlineExceeded"])
def test_complete_result_wins_over_everything(wish: str, reason: str) -> None:
    pod = raw_pod(state=terminated(report()), phase="Failed", reason=reason)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert finished(decision) == ("Succeeded", "ScanComplete")
    assert decision.place is None
    assert decision.status.summary is not None
    assert decision.status.summary["openPorts"] == 1


def test_timeout_keeps_the_findings_so_far() -> None:
    pod = raw_pod(
        state=terminated(report(complete=False, reason="Interrupted"), exit_code=130),
        phase="Failed",
        reason="DeadlineExceeded",
    )
    decision = look(status=open_attempt(), pod=pod)
    assert finished(decision) == ("TimedOut", "TimedOut")
    assert decision.status.summary is not None
    assert decision.status.summary["openPorts"] == 1


def test_cancel_wins_over_timeout() -> None:
    pod = raw_pod(
        state=terminated(report(complete=False), exit_code=130), reason="DeadlineExceeded"
    )
    decision = look(status=open_attempt(), pod=pod, cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")


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
    ("state", "status", "reason"),
    [
        (terminated(None, exit_code=137), {}, "ResultLost"),
        (terminated(None, exit_code=137, reason="OOMKilled"), {}, "OutOfMemory"),
        (
            terminated(report(complete=False, reason="ScannerError"), exit_code=1),
            {},
            "ScannerError",
        ),
        (terminated(report(complete=False), exit_code=137), {"reason": "Evicted"}, "Evicted"),
        ({"waiting": {"reason": "ImagePullBackOff"}}, {"phase": "Failed"}, "ImagePull"),
        (None, {"phase": "Failed", "reason": "OutOfcpu"}, "OutOfcpu"),
        (None, {"phase": "Failed", "reason": "DeadlineExceeded"}, "StartFailed"),
    ],
)
def test_failures_name_their_cause(
    state: dict[str, Any] | None, status: dict[str, Any], reason: str
) -> None:
    decision = look(status=open_attempt(), pod=raw_pod(state=state, **status))
    assert finished(decision) == ("Failed", reason)
    assert decision.place is None


def test_hostile_termination_message_is_a_lost_result() -> None:
    state = terminated(None)
    state["terminated"]["message"] = '{"version": 1, "complete": true, "hosts": 7'
    decision = look(status=open_attempt(), pod=raw_pod(state=state))
    assert finished(decision) == ("Failed", "ResultLost")


def test_pod_deleted_by_hand_says_so() -> None:
    pod = raw_pod(state=terminated(report(complete=False), exit_code=130))
    pod["metadata"]["deletionTimestamp"] = at(50)
    decision = look(status=open_attempt(), pod=pod)
    assert finished(decision) == ("Failed", "PodDeleted")


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


# --- the Pod is gone


def test_missing_pod_is_looked_up_before_anything_is_concluded() -> None:
    decision = look(status=open_attempt(), attempt={"existed": True})
    assert decision.look_up is not None
    assert decision.place == HELD
    assert decision.create is None


def test_started_attempt_is_never_created_again() -> None:
    """After a restart nothing is known but status: startedAt proves that the Pod existed."""
    decision = look(status=open_attempt(startedAt=at(-4)))
    assert decision.create is None
    assert decision.look_up is not None


def test_vanished_pod_that_never_had_a_node_frees_its_slot_at_once() -> None:
    last = read_pod(raw_pod(node=""))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    decision = look(status=open_attempt(), attempt=known)
    assert decision.place is None
    assert finished(decision)[0] == "Failed"


@pytest.mark.parametrize(("ready", "seconds"), [(True, 70), (False, 3600 + 60 + 60 - 5)])
def test_vanished_running_pod_holds_its_slot_until_it_surely_ended(
    ready: bool, seconds: int
) -> None:
    last = read_pod(raw_pod(state=RUNNING))
    known = {"existed": True, "gone_at": NOW, "last_pod": last, "node_ready": ready}
    decision = look(status=open_attempt(), attempt=known)
    assert decision.place == HELD
    assert decision.look_again_at == NOW + timedelta(seconds=seconds)
    reconciling = decision.status.condition("Reconciling")
    assert reconciling is not None
    assert reconciling.reason == "SlotHeldNodeLost"


@pytest.mark.parametrize(("ready", "seconds"), [(True, 70), (False, 3600 + 60 + 60)])
def test_pod_that_vanished_without_a_leader_holds_its_slot_likewise(
    ready: bool, seconds: int
) -> None:
    """The successor never saw the Pod: its own takeover counts as the deletion."""
    decision = look(
        status=open_attempt(startedAt=at(-4), nodeName="node-1"),
        attempt={"gone_at": NOW, "node_ready": ready},
        cancel=True,
    )
    assert decision.place == HELD
    assert decision.look_again_at == NOW + timedelta(seconds=seconds)


def test_vanished_pod_whose_end_was_seen_keeps_its_result() -> None:
    last = read_pod(raw_pod(state=terminated(report())))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    decision = look(status=open_attempt(), attempt=known)
    assert finished(decision) == ("Succeeded", "ScanComplete")


@pytest.mark.parametrize("wish", WISHES)
def test_a_deletion_whose_end_nobody_told_is_looked_up(wish: str) -> None:
    """A Pod that was gone before the watch began gives no event."""
    pod = raw_pod(state=RUNNING)
    pod["metadata"]["deletionTimestamp"] = at(0)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert decision.look_up is None
    assert decision.look_again_at == NOW + timedelta(seconds=2)
    pod["metadata"]["deletionTimestamp"] = at(-2)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert decision.look_up is not None
    assert decision.look_again_at == NOW + timedelta(seconds=10)
    assert decision.place == HELD


def test_tombstone_closes_the_attempt() -> None:
    pod = raw_pod(node="")
    pod["metadata"]["labels"]["scanyard.dev/role"] = "tombstone"
    decision = look(status=open_attempt(), pod=pod, cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")
    assert decision.place is None


# --- every pair: a holder never loses its slot while its container may run


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
