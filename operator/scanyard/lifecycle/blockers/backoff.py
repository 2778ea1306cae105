"""The pause after a failed attempt, a refused Pod, a refused admission."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.status import JobStatus

RETRY_BACKOFF: Final = "RetryBackoff"


def put_off(view: View, status: JobStatus) -> Blocked | None:
    """Until the pause is over; why there is one was told when it began."""
    times = (status.retry_at, view.refused_until)
    until = next((time for time in times if time is not None and time > view.now), None)
    return None if until is None else Blocked("retry", until=until)


def reason_of_pause(status: JobStatus) -> str:
    """What was told when the pause began; a refused admission could tell nothing."""
    told = status.condition("Reconciling")
    known = None if told is None else REASONS.get(told.reason)
    return RETRY_BACKOFF if known is None or known.in_order or known.moves else known.name
