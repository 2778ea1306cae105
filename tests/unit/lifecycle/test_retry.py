"""A failed attempt is tried again: for which causes, how often, when, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.api.scanjob import Cause as ApiCause
from scanyard.api.scanjob import Retry
from scanyard.lifecycle.admission import admit, refused
from scanyard.lifecycle.decision import Decision, Parked, Waiting
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.retry import INFRASTRUCTURE, Cause, RetryPolicy
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
from tests.unit.lifecycle.looking import RUNNING, finished, look, told

PARTIAL = terminated(report(complete=False, reason="Interrupted"), exit_code=130)
THRICE = {
    "maxAttempts": 3,
    "backoffSeconds": 60,
    "maxBackoffSeconds": 3600,
    "causes": ["ResultLost", "ScannerError"],
}


def deleted_pod(attempt: int = 1) -> dict[str, Any]:
    """A Pod that somebody deleted while it scanned; it has stopped."""
    pod = raw_pod(state=PARTIAL, attempt=attempt)
    pod["metadata"]["deletionTimestamp"] = at(50)
    return pod


def failed_attempt(number: int = 1, failures: int = 0, **spec: Any) -> Decision:
    """What follows when the attempt of that number fails after so many others."""
    status = open_attempt(number) | ({"failures": failures} if failures else {})
    return look(status=status, pod=deleted_pod(number), **{"retry": THRICE} | spec)


# --- whether


def test_the_causes_are_those_of_the_api_and_infrastructure_is_its_default() -> None:
    assert {str(cause) for cause in Cause} == set(get_args(ApiCause))
    assert {str(cause) for cause in INFRASTRUCTURE} == set(Retry().causes)


def test_a_failed_attempt_waits_for_its_next() -> None:
    decision = failed_attempt()
    status = decision.status
    assert status.retry_at is not None
    assert decision.place == Parked("team/default", "retry", status.retry_at)
    assert decision.look_again_at == status.retry_at
    assert (status.phase, status.failures, status.finished) == ("Queued", 1, False)
    assert status.open_attempt is None
    assert status.queued_at is None, "its place is that of its creation"
    assert (status.started_at, status.progress) == (None, None)


def test_it_says_which_attempt_failed_of_what_and_when_the_next_may_start() -> None:
    decision = failed_attempt(number=7, failures=1)
    reason, message = told(decision)
    assert reason == "RetryBackoff"
    assert message.startswith("attempt 2 of 3 failed (PodDeleted, cause ResultLost)")
    assert decision.status.raw()["retryAt"] in message


def test_findings_of_a_failed_attempt_stay_until_the_next_one_has_some() -> None:
    status = failed_attempt().status
    assert status.summary is not None
    assert status.summary["openPorts"] == 1
    again = status.raw() | open_attempt(2)
    lost = look(status=again, pod=raw_pod(state=terminated(None, exit_code=137), attempt=2))
    assert lost.status.summary == status.summary


def test_the_last_attempt_says_that_it_was_the_last_and_why_it_failed() -> None:
    decision = failed_attempt(number=4, failures=2)
    assert finished(decision) == ("Failed", "PodDeleted")
    condition = decision.status.condition("Finished")
    assert condition is not None
    assert condition.message.startswith("attempt 3 of 3: ")
    assert "rerunToken" in condition.message
    assert decision.place is None


@pytest.mark.parametrize("cause", Cause)
def test_only_the_causes_that_were_named_are_tried_again(cause: Cause) -> None:
    policy = RetryPolicy(3, 10, 300, frozenset({"ResultLost"}))
    assert policy.tries_again(cause, 1) == (cause is Cause.RESULT_LOST)


@pytest.mark.parametrize(
    ("reason", "phase", "cause"),
    [("DeadlineExceeded", "TimedOut", "Timeout"), ("", "Failed", "ScannerError")],
)
def test_a_timeout_and_a_scanners_own_error_are_tried_again_only_when_asked(
    reason: str, phase: str, cause: str
) -> None:
    state = terminated(report(complete=False, reason="ScannerError"), exit_code=1)
    pod = raw_pod(state=state, reason=reason)
    assert finished(look(status=open_attempt(), pod=pod))[0] == phase
    asked = look(status=open_attempt(), pod=pod, retry=THRICE | {"causes": [cause]})
    assert asked.status.phase == "Queued"
    assert asked.retried


def test_a_crd_that_keeps_no_count_means_no_retry() -> None:
    raw = raw_job()
    del raw["spec"]["retry"]
    policy = read_job(raw).retry
    assert not any(policy.tries_again(cause, 1) for cause in Cause)


# --- when


@given(failures=st.integers(1, 1000), key=st.text(max_size=20), longest=st.integers(1, 86400))
def test_the_back_off_is_within_its_bounds(failures: int, key: str, longest: int) -> None:
    policy = RetryPolicy(1000, min(10, longest), longest, frozenset())
    seconds = (policy.retry_at(NOW, failures=failures, attempt_key=key) - NOW).total_seconds()
    assert 1 <= seconds <= min(longest, min(10, longest) * 2 ** (failures - 1))


def test_the_back_off_doubles_up_to_its_cap_and_is_spread_evenly() -> None:
    policy = RetryPolicy(9, 100, 300, frozenset())
    for failures, longest in ((1, 100), (2, 200), (3, 300), (4, 300)):
        waits = [
            policy.retry_at(NOW, failures=failures, attempt_key=f"uid-{number}/1") - NOW
            for number in range(400)
        ]
        seconds = [wait.total_seconds() for wait in waits]
        assert min(seconds) < longest * 0.05
        assert longest * 0.95 < max(seconds) <= longest
        assert abs(sum(seconds) / len(seconds) - longest / 2) < longest * 0.1


def test_the_same_failure_decided_again_waits_for_the_same_time() -> None:
    assert failed_attempt().status.retry_at == failed_attempt().status.retry_at
    assert failed_attempt(1).status.retry_at != failed_attempt(2).status.retry_at


def in_back_off(**spec: Any) -> Job:
    """A ScanJob between two attempts."""
    status = failed_attempt().status.raw()
    return read_job(raw_job(status=status, **{"retry": THRICE} | spec))


def test_nothing_is_admitted_during_the_back_off() -> None:
    job, queue = in_back_off(), read_queue(raw_queue())
    assert job.status.retry_at is not None
    assert admit(job, queue, fence=7, now=NOW) is None
    admitted = admit(job, queue, fence=7, now=job.status.retry_at)
    assert admitted is not None
    assert admitted.open_attempt is not None
    assert admitted.open_attempt.number == 2
    assert (admitted.retry_at, admitted.failures) == (None, 1)


def test_after_the_back_off_it_waits_at_its_old_place() -> None:
    status = failed_attempt().status
    assert status.retry_at is not None
    decision = look(status=status.raw(), view={"now": status.retry_at}, retry=THRICE)
    assert decision.place == Waiting("team/default")
    assert decision.status.queued_at is None
    announced = {"now": status.retry_at, "announce": True}
    later = look(status=status.raw(), view=announced, retry=THRICE)
    assert told(later)[0] == "QueueFull", "the back-off is over"
    assert later.status.retry_at is None


# --- what ends it


def test_a_cancel_during_the_back_off_is_not_lost() -> None:
    decision = look(status=failed_attempt().status.raw(), cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")
    assert decision.place is None
    assert decision.status.retry_at is None


def test_a_cancel_that_comes_with_the_failure_is_not_lost() -> None:
    assert finished(failed_attempt(cancel=True)) == ("Cancelled", "Cancelled")


def test_suspend_during_the_back_off_and_resume() -> None:
    suspended = look(status=failed_attempt().status.raw(), suspend=True)
    assert (suspended.status.phase, suspended.place) == ("Suspended", None)
    resumed = look(status=suspended.status.raw())
    assert resumed.place == Waiting("team/default")
    assert resumed.status.queued_at == NOW
    assert resumed.status.failures == 1, "suspending is no way to more attempts"


def test_suspend_does_not_stand_in_the_way_of_deletion() -> None:
    running = look(status=open_attempt(), pod=raw_pod(state=RUNNING), suspend=True, deleting=True)
    assert running.delete is not None
    suspended = look(status=look(suspend=True).status.raw(), suspend=True, deleting=True)
    assert finished(suspended) == ("Cancelled", "Cancelled")


def test_a_complete_result_wins_over_every_failure() -> None:
    pod = raw_pod(state=terminated(report()), reason="Evicted")
    pod["metadata"]["deletionTimestamp"] = at(50)
    decision = look(status=open_attempt(2) | {"failures": 1}, pod=pod, retry=THRICE)
    assert finished(decision) == ("Succeeded", "ScanComplete")


def test_a_rerun_starts_the_count_again() -> None:
    last = failed_attempt(number=3, failures=2, rerunToken="one").status.raw()
    assert last["failures"] == 3
    again = look(status=last, rerunToken="two").status
    assert (again.failures, again.attempt_count) == (0, 3)


# --- what counts


@pytest.mark.parametrize(
    ("spec", "queue"),
    [({"suspend": True}, {}), ({}, {"stopPolicy": "HoldAndDrain"}), ({"cancel": True}, {})],
    ids=["suspended", "drained", "cancelled"],
)
def test_an_attempt_that_users_stopped_does_not_count(
    spec: dict[str, Any], queue: dict[str, Any]
) -> None:
    decision = look(
        status=open_attempt() | {"failures": 2},
        pod=deleted_pod(),
        queue=queue,
        retry=THRICE,
        **spec,
    )
    assert decision.status.failures == 2
    assert not decision.retried


def test_an_attempt_that_never_had_a_pod_does_not_count() -> None:
    lowered = look(status=open_attempt(), view={"over_limit": True})
    job = read_job(raw_job(status=open_attempt()))
    assert job.status.open_attempt is not None
    refusal = refused(job, job.status.open_attempt, reason="PodRefused", message="no", now=NOW)
    assert (lowered.status.failures, refusal.failures) == (0, 0)


def test_more_attempts_than_status_keeps_are_still_counted() -> None:
    retry = THRICE | {"maxAttempts": 20}
    status: dict[str, Any] = {}
    for number in range(1, 20):
        job = read_job(raw_job(status=status, retry=retry))
        soon = NOW + timedelta(days=number)
        admitted = admit(job, read_queue(raw_queue()), fence=7, now=soon)
        assert admitted is not None
        status = look(
            status=admitted.raw(), pod=deleted_pod(number), view={"now": soon}, retry=retry
        ).status.raw()
    assert (status["failures"], status["attemptCount"]) == (19, 19)
    assert len(status["attempts"]) == 10
    last = look(
        status=status | {"attempts": open_attempt(20)["attempts"]}, pod=deleted_pod(20), retry=retry
    )
    assert finished(last)[0] == "Failed"


# --- no next attempt before the slot of the last is free


@pytest.mark.parametrize("ready", [True, False])
def test_nothing_is_tried_again_while_the_last_scan_may_still_run(*, ready: bool) -> None:
    last = read_pod(raw_pod(state=RUNNING))
    known = {"existed": True, "gone_at": NOW, "last_pod": last, "node_ready": ready}
    held = look(status=open_attempt(), attempt=known)
    assert held.look_again_at is not None
    assert not held.retried
    just_before = {"now": held.look_again_at - timedelta(seconds=1)}
    assert look(status=open_attempt(), attempt=known, view=just_before).place == held.place
    freed = look(status=open_attempt(), attempt=known, view={"now": held.look_again_at})
    assert freed.retried
    assert freed.status.open_attempt is None
