"""A ScanJob as people see it: what stands, what is only asked for, how long it took."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.status import Attempt

_STYLES: Final = {
    "Starting": "cyan",
    "Running": "cyan",
    "Succeeded": "green",
    "Failed": "red",
    "TimedOut": "red",
    "Cancelled": "yellow",
    "Suspended": "yellow",
}


def phase_style(phase: str) -> str:
    """The colour of a phase on a terminal."""
    return _STYLES.get(phase, "")


def is_settled(job: Job) -> bool:
    """Finished, and not asked to run again: right after `rerun` status still tells the last run."""
    return job.status.finished and not job.rerun_wanted


def has_succeeded(job: Job) -> bool:
    """The condition Succeeded."""
    told = job.status.condition("Succeeded")
    return told is not None and told.status


def reason(job: Job) -> tuple[str, str]:
    """Why it is as it is: a word and a sentence; empty where nothing was said yet."""
    for kind in ("Finished", "Reconciling", "Suspended"):
        told = job.status.condition(kind)
        if told is not None and told.status:
            return told.reason, told.message
    return "", ""


def last_attempt(job: Job) -> Attempt | None:
    """The newest one."""
    return job.status.attempts[-1] if job.status.attempts else None


def run_seconds(job: Job, now: datetime) -> float | None:
    """How long its newest scan has run; None if it did not start."""
    started = job.status.started_at
    if started is None:
        return None
    end = job.status.finished_at if job.status.finished else now
    return max(((end or now) - started).total_seconds(), 0.0)
