"""The end of a ScanJob since another one, on which it depends, did not succeed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanyard.lifecycle import conditions
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus

REASON: Final = "DependencyFailed"
#: How many of the failed are named.
_NAMED = 3


def ended_by_dependency(view: View, status: JobStatus) -> JobStatus | None:
    """The status that ends it; None where no dependency has failed, or it is to wait on."""
    job = view.job
    if job.waits_on_failure or status.dependencies_met_at is not None:
        return None
    failed = [dependency for dependency in view.dependencies if dependency.failed]
    if not failed:
        return None
    ended = " and ".join(f"{item.need.name} ended as {item.phase}" for item in failed[:_NAMED])
    more = f", and {len(failed) - _NAMED} more did not succeed" if len(failed) > _NAMED else ""
    message = (
        f"it depends on others: {ended}{more}; run what failed again, then this one, each by a "
        "new rerunToken"
    )
    # Judged by the spec as it is: only a token that comes later runs it again.
    status = replace(status, retry_at=None, rerun_token=job.rerun_token)
    return conditions.failed(
        job, status, view.now, phase="Cancelled", reason=REASON, message=message
    )
