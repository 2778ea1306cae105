"""Targets that the installation denies."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.status import JobStatus

REASON: Final = "OutOfScope"


def denied(view: View, _status: JobStatus) -> Blocked | None:
    """Until whoever runs the installation lifts it; names are judged at admission."""
    if not view.refusal:
        return None
    return Blocked("scope", REASON, view.refusal, mistake=True)
