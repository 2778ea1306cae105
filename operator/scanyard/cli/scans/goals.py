"""What one may wait for, and whether a ScanJob has come to it."""

from __future__ import annotations

from enum import StrEnum

from scanyard.cli.scans.state import has_succeeded, is_settled
from scanyard.lifecycle.job import Job


class Goal(StrEnum):
    """What `wait --for` takes."""

    FINISHED = "finished"
    SUCCEEDED = "succeeded"
    RUNNING = "running"


class Verdict(StrEnum):
    """MISSED: it will not come to it any more."""

    OPEN = "Open"
    MET = "Met"
    MISSED = "Missed"


def judge(job: Job, goal: Goal) -> Verdict:
    """A scan that is over has been running, if it was ever started."""
    if not is_settled(job):
        running = goal is Goal.RUNNING and job.status.phase == "Running"
        return Verdict.MET if running else Verdict.OPEN
    good = {
        Goal.FINISHED: True,
        Goal.SUCCEEDED: has_succeeded(job),
        Goal.RUNNING: job.status.started_at is not None,
    }
    return Verdict.MET if good[goal] else Verdict.MISSED
