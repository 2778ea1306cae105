"""Bounds that a ScanQueue sets to each of its ScanJobs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scanyard.api.base import Int64, SpecModel
from scanyard.api.scanjob import TimeoutSeconds
from scanyard.api.targets import MAX_ADDRESSES


class Limits(SpecModel):
    """What a single ScanJob may ask for."""

    max_addresses: Annotated[Int64, Field(ge=1, le=MAX_ADDRESSES)] | None = None
    """At most so many addresses, in all targets that are no names, less what it excludes."""
    max_timeout_seconds: TimeoutSeconds | None = None
    """Start no ScanJob whose timeoutSeconds is more; without it any may be."""
