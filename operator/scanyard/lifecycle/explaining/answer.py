"""The answer in status for whoever asked why a ScanJob waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from scanyard.lifecycle.blockers.backoff import RETRY_BACKOFF
from scanyard.lifecycle.decision import Decision, View
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.status import JobStatus
from scanyard.lifecycle.timestamps import format_optional, format_time

_MESSAGE_LIMIT: Final = 1024


def explained(view: View, decision: Decision) -> Decision:
    """The decision with the answer for whoever asked, where the ScanJob waits."""
    question, status = view.question, decision.status
    waits = status.open_attempt is None and status.phase in {"Pending", "Queued"}
    if question is None or not waits:
        return decision
    until = getattr(decision.place, "until", None)
    reason, message = _words(status, until)
    if question.trouble:
        message = f"{message}; nothing is admitted at present: {question.trouble}"
    answer = _without_none(
        {
            "token": question.token,
            "at": format_time(question.at),
            "reason": reason,
            "message": message[:_MESSAGE_LIMIT],
            "queuePosition": status.queue_position,
            "estimatedStartTime": format_optional(status.estimated_start),
            "estimatedStartTimeLatest": format_optional(status.estimated_start_latest),
            "until": format_optional(until),
            "waiting": question.waiting,
            "running": question.running,
            "limit": question.limit,
            "heldBy": list(question.holders) or None,
            "heldByOthers": question.other_holders or None,
            "parkedAlike": question.parked_alike or None,
        }
    )
    return replace(decision, status=replace(status, explanation=answer))


def _words(status: JobStatus, until: datetime | None) -> tuple[str, str]:
    told = status.condition("Reconciling")
    if told is not None and told.reason in REASONS:
        return told.reason, told.message
    when = f" at {format_time(until)}" if until is not None else ""
    return RETRY_BACKOFF, f"it could not be admitted, and is tried again{when}"


def _without_none(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if value is not None}
