"""A ScanJob that is told to wait until some time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import NOW, at, open_attempt, raw_job, raw_pod, raw_queue, terminated
from tests.unit.lifecycle.looking import look, told

_LATER = NOW + timedelta(seconds=60)


def test_it_is_parked_until_then_and_told_when() -> None:
    decision = look(notBefore=at(60), view={"announce": True})
    assert decision.place == Parked("team/default", "not-before", _LATER)
    assert decision.look_again_at == _LATER
    assert told(decision) == ("NotBefore", f"starts not before {at(60)}: spec.notBefore")
    assert decision.status.queued_at == _LATER, "it is eligible from then"


def test_nothing_is_written_before_it_is_announced() -> None:
    decision = look(notBefore=at(60))
    assert decision.place == Parked("team/default", "not-before", _LATER)
    assert decision.status.raw() == read_job(raw_job()).status.raw()


@pytest.mark.parametrize("seconds", [0, -5, -100])
def test_a_time_that_is_over_is_no_obstacle(seconds: int) -> None:
    assert look(notBefore=at(seconds)).place == Waiting("team/default")


def test_its_place_is_that_of_one_that_came_then() -> None:
    """Its age from before does not count, and a time before its creation does not either."""
    assert read_job(raw_job(notBefore=at(60))).queued_at == _LATER
    assert read_job(raw_job(notBefore=at(-5))).queued_at == NOW - timedelta(seconds=5)
    assert read_job(raw_job(notBefore=at(-100))).queued_at == NOW - timedelta(seconds=10)


def test_it_is_not_admitted_before() -> None:
    job, queue = read_job(raw_job(notBefore=at(60))), read_queue(raw_queue())
    assert admit(job, queue, fence=7, now=_LATER - timedelta(microseconds=1)) is None
    admitted = admit(job, queue, fence=7, now=_LATER)
    assert admitted is not None
    assert admitted.queued_at == _LATER, "its status says so even if nobody had told it"
    at_once = admit(read_job(raw_job()), queue, fence=7, now=NOW)
    assert at_once is not None
    assert at_once.queued_at is None, "its creation says it"


def test_a_zone_and_a_fraction_are_read() -> None:
    job = read_job(raw_job(notBefore="2026-03-01T13:00:59.5+01:00"))
    assert job.not_before == NOW + timedelta(seconds=59.5)


def test_what_cannot_be_read_never_starts() -> None:
    with pytest.raises(ValueError, match="notBefore"):
        read_job(raw_job(notBefore="tomorrow"))


def test_resumed_before_then_it_is_eligible_from_then() -> None:
    suspended = look(suspend=True, notBefore=at(60)).status.raw()
    decision = look(status=suspended, notBefore=at(60))
    assert decision.place == Parked("team/default", "not-before", _LATER)
    assert decision.status.queued_at == _LATER


def test_resumed_afterwards_it_is_eligible_from_now() -> None:
    suspended = look(suspend=True, notBefore=at(-5)).status.raw()
    decision = look(status=suspended, notBefore=at(-5))
    assert decision.place == Waiting("team/default")
    assert decision.status.queued_at == NOW


def test_a_rerun_and_a_retry_after_it_are_not_delayed() -> None:
    status = open_attempt() | {"rerunToken": "one"}
    failed = raw_pod(state=terminated(None, exit_code=137))
    retried = look(status=status, pod=failed, notBefore=at(-5), rerunToken="one")
    assert retried.status.retry_at is not None
    soon = {"now": retried.status.retry_at}
    again = look(status=retried.status.raw(), view=soon, notBefore=at(-5), rerunToken="one")
    assert again.place == Waiting("team/default")

    cancelled = look(cancel=True, notBefore=at(-5), rerunToken="one").status.raw()
    rerun = look(status=cancelled, notBefore=at(-5), rerunToken="two")
    assert rerun.place == Waiting("team/default")
    assert rerun.status.queued_at == NOW


def test_a_rerun_before_it_waits_until_then() -> None:
    cancelled = look(cancel=True, notBefore=at(60), rerunToken="one").status.raw()
    rerun = look(status=cancelled, notBefore=at(60), rerunToken="two")
    assert rerun.place == Parked("team/default", "not-before", _LATER)
    assert rerun.status.queued_at == _LATER
