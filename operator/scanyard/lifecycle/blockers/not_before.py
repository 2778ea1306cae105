"""A ScanJob that was told to wait until some time."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus
from scanyard.lifecycle.timestamps import format_time

REASON: Final = "NotBefore"


def too_early(view: View, _status: JobStatus) -> Blocked | None:
    """Until its notBefore; one that is over delays nothing, a rerun or a retry neither."""
    until = view.job.not_before
    if until is None or until <= view.now:
        return None
    return Blocked(
        "not-before", REASON, f"starts not before {format_time(until)}: spec.notBefore", until
    )
