"""The pause after a failed attempt, a refused Pod, a refused admission."""

from __future__ import annotations

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus


def put_off(view: View, status: JobStatus) -> Blocked | None:
    """Until the pause is over; why there is one was told when it began."""
    times = (status.retry_at, view.refused_until)
    until = next((time for time in times if time is not None and time > view.now), None)
    return None if until is None else Blocked("retry", until=until)
