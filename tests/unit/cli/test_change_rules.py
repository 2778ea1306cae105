"""What may be asked of a ScanJob in each state, and what `wait` makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanyard.cli.scans.change_rules import cancelled, rerun_with, resumed, suspended
from scanyard.cli.scans.goals import Goal, Verdict, judge
from scanyard.lifecycle import conditions
from scanyard.lifecycle.job import Job, read_job
from tests.support.objects import NOW, raw_job

RERUN = rerun_with("second")


def waiting(**spec: Any) -> Job:
    return read_job(raw_job(**spec))


def running(**spec: Any) -> Job:
    job = waiting(**spec)
    told = conditions.in_progress(
        job, job.status, NOW, phase="Running", reason="Running", message=""
    )
    return replace(job, status=replace(told, started_at=NOW))


def succeeded(*, started: bool = True, **spec: Any) -> Job:
    job = waiting(**spec)
    status = replace(job.status, started_at=NOW if started else None)
    return replace(job, status=conditions.succeeded(job, status, NOW, "done"))


def failed(*, started: bool = True, **spec: Any) -> Job:
    job = waiting(**spec)
    status = replace(job.status, started_at=NOW if started else None)
    told = conditions.failed(job, status, NOW, phase="Failed", reason="NodeLost", message="gone")
    return replace(job, status=told)


def asked_to_rerun() -> Job:
    return replace(succeeded(), rerun_token="second")


def test_what_is_not_over_can_be_cancelled_once() -> None:
    for job in (waiting(), running(), asked_to_rerun()):
        assert cancelled(job).spec == {"cancel": True}
    for job in (waiting(cancel=True), succeeded(), failed()):
        change = cancelled(job)
        assert (change.spec, change.refused) == (None, False)


def test_suspend_and_resume_are_each_others_opposite() -> None:
    assert suspended(running()).spec == {"suspend": True}
    assert suspended(waiting(suspend=True)).spec is None
    assert suspended(failed()).refused
    assert resumed(waiting(suspend=True)).spec == {"suspend": False}
    assert resumed(running()).spec is None


def test_only_what_is_over_runs_again_and_its_cancel_is_taken_back() -> None:
    for job in (succeeded(), failed(cancel=True)):
        assert RERUN(job).spec == {"rerunToken": "second", "cancel": False}
    for job in (waiting(), running()):
        assert RERUN(job).refused
    again = RERUN(asked_to_rerun())
    assert (again.spec, again.refused) == (None, False)
    assert "resume it" in RERUN(failed(suspend=True)).said


@pytest.mark.parametrize(
    ("job", "finished", "good", "runs"),
    [
        (waiting(), Verdict.OPEN, Verdict.OPEN, Verdict.OPEN),
        (running(), Verdict.OPEN, Verdict.OPEN, Verdict.MET),
        (succeeded(), Verdict.MET, Verdict.MET, Verdict.MET),
        (failed(), Verdict.MET, Verdict.MISSED, Verdict.MET),
        (failed(started=False), Verdict.MET, Verdict.MISSED, Verdict.MISSED),
        (asked_to_rerun(), Verdict.OPEN, Verdict.OPEN, Verdict.OPEN),
    ],
)
def test_what_is_waited_for(job: Job, finished: Verdict, good: Verdict, runs: Verdict) -> None:
    found = [judge(job, goal) for goal in (Goal.FINISHED, Goal.SUCCEEDED, Goal.RUNNING)]
    assert found == [finished, good, runs]
