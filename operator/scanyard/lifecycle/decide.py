"""What to do next about one ScanJob: a pure function from what is known to the next actions.

The shell performs the actions; each is idempotent, and after any half-done one the next event or
the sweep decides again. Admission is the one step that is not decided here (see admission.py).
"""

from __future__ import annotations

from datetime import datetime

from scanyard.lifecycle import conditions
from scanyard.lifecycle.attempt import attempt_open
from scanyard.lifecycle.decision import Decision, View
from scanyard.lifecycle.explaining.answer import explained
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.strays import with_strays
from scanyard.lifecycle.status import JobStatus
from scanyard.lifecycle.waiting import waiting


def decide(view: View) -> Decision:
    """The next actions for one ScanJob."""
    return explained(view, with_strays(view, _decided(view)))


def _decided(view: View) -> Decision:
    job = view.job
    if job.status.open_attempt is not None:
        return attempt_open(view, job.status.open_attempt)
    if job.status.finished and not job.rerun_wanted:
        return Decision(_observed(job), None)
    if job.rerun_wanted:
        return waiting(view, _fresh(job, view.now))
    return waiting(view, job.status)


def _observed(job: Job) -> JobStatus:
    if job.status.observed_generation == job.generation:
        return job.status
    return conditions.observed(job, job.status)


def _fresh(job: Job, now: datetime) -> JobStatus:
    """A rerun: as new, but attempt numbers go on, since they name Pods."""
    old = job.status
    return JobStatus(
        phase="Pending",
        conditions=old.conditions,
        queued_at=job.eligible_from(now),
        rerun_token=job.rerun_token,
        attempt_count=old.attempt_count,
        attempts=old.attempts,
        explanation=old.explanation,
    )
