"""Targets that the installation denies, or that are not in the scope of the queue."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus

REASON: Final = "OutOfScope"


def denied(view: View, _status: JobStatus) -> Blocked | None:
    """Until who runs the queue, or the installation, mends it; addresses of names come later."""
    if not view.refusal:
        return None
    return Blocked("scope", REASON, view.refusal, mistake=True)
