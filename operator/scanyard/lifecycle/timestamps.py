"""Kubernetes timestamps: RFC 3339 in UTC with whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: str | None) -> datetime | None:
    """The instant, or None where there is none or it cannot be read."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def format_time(instant: datetime) -> str:
    """As Kubernetes writes it, for example 2026-01-31T09:30:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_optional(instant: datetime | None) -> str | None:
    """None stays None."""
    return None if instant is None else format_time(instant)
