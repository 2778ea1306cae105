"""What cancel, suspend, resume and rerun do to a ScanJob, from what it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scanyard.cli.scans.state import is_settled
from scanyard.lifecycle.job import Job


@dataclass(frozen=True, slots=True)
class Change:
    """A merge patch of the spec, None where nothing is to be changed, and what to say of it.

    refused: what was asked for cannot be had.
    """

    said: str
    spec: dict[str, Any] | None = None
    refused: bool = False


Rule = Callable[[Job], Change]


def cancelled(job: Job) -> Change:
    """Stop it for good."""
    if is_settled(job):
        return Change(f"is finished already ({job.status.phase})")
    if job.cancel:
        return Change("is being cancelled already")
    return Change("cancel requested", {"cancel": True})


def suspended(job: Job) -> Change:
    """Stop it, or keep it from starting, until it is resumed."""
    if is_settled(job):
        return Change(f"is finished ({job.status.phase}): there is nothing to suspend", None, True)
    if job.suspend:
        return Change("is suspended already")
    return Change("suspend requested", {"suspend": True})


def resumed(job: Job) -> Change:
    """Put it back into its queue."""
    if not job.suspend:
        return Change("is not suspended")
    return Change("resumed", {"suspend": False})


def rerun_with(token: str) -> Rule:
    """Run it again, under that token; the cancel that ended it is taken back with it."""

    def rerun(job: Job) -> Change:
        if job.rerun_wanted:
            return Change("is asked to run again already")
        if not is_settled(job):
            return Change(
                f"is not finished ({job.status.phase}): wait for it, or cancel it first", None, True
            )
        spec: dict[str, Any] = {"rerunToken": token, "cancel": False}
        if job.suspend:
            return Change("rerun requested; it is suspended, so resume it as well", spec)
        return Change("rerun requested", spec)

    return rerun
