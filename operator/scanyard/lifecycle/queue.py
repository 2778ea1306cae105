"""A ScanQueue as the decisions see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Ageing of a queue that says nothing, and of ScanJobs whose queue is not there yet.
DEFAULT_AGING_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Queue:
    """Limits and order of one queue."""

    namespace: str
    name: str
    generation: int
    resource_version: str = field(compare=False)
    status: Mapping[str, Any] = field(compare=False)
    max_concurrent: int
    priority: int
    stop_policy: str
    aging_seconds: int

    @property
    def key(self) -> str:
        """namespace/name"""
        return f"{self.namespace}/{self.name}"

    @property
    def held(self) -> bool:
        """Admits nothing while a stop policy is set."""
        return self.stop_policy != "None"

    @property
    def draining(self) -> bool:
        """Ends what runs, too, and puts it back in its place."""
        return self.stop_policy == "HoldAndDrain"


def read_queue(raw: Mapping[str, Any]) -> Queue:
    """Read a ScanQueue that the API server has validated and defaulted."""
    meta, spec = raw["metadata"], raw.get("spec") or {}
    return Queue(
        namespace=meta["namespace"],
        name=meta["name"],
        generation=meta.get("generation", 1),
        resource_version=meta.get("resourceVersion", ""),
        status=raw.get("status") or {},
        max_concurrent=spec.get("maxConcurrent", 5),
        priority=spec.get("priority", 0),
        stop_policy=spec.get("stopPolicy", "None"),
        aging_seconds=spec.get("agingSeconds", DEFAULT_AGING_SECONDS),
    )
