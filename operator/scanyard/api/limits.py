"""Bounds that a ScanQueue sets to each of its ScanJobs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from scanyard.api.base import Int32, Int64, SpecModel
from scanyard.api.rules import rule, validations
from scanyard.api.scanjob import TimeoutSeconds
from scanyard.api.targets import MAX_ADDRESSES

MAX_PENDING: Final = 1_000_000
_IN_ORDER = rule(
    "!has(self.minTimeoutSeconds) || !has(self.maxTimeoutSeconds) || "
    "self.minTimeoutSeconds <= self.maxTimeoutSeconds",
    "no timeout is within these limits: lower minTimeoutSeconds, or raise maxTimeoutSeconds",
    field_path=".minTimeoutSeconds",
)


class Limits(SpecModel):
    """What a single ScanJob may ask for, and how many may wait."""

    model_config = ConfigDict(json_schema_extra=validations(_IN_ORDER))

    max_addresses: Annotated[Int64, Field(ge=1, le=MAX_ADDRESSES)] | None = None
    """At most so many addresses, in all targets that are no names, less what it excludes."""
    max_pending: Annotated[Int32, Field(ge=1, le=MAX_PENDING)] | None = None
    """At most so many ScanJobs of one namespace wait in it; others wait until these have begun."""
    min_timeout_seconds: TimeoutSeconds | None = None
    """Start no ScanJob whose timeoutSeconds is less; no other timeout is less, either."""
    max_timeout_seconds: TimeoutSeconds | None = None
    """Start no ScanJob whose timeoutSeconds is more; no other timeout is more, either."""
