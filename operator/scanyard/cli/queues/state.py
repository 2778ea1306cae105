"""A ScanQueue as people see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanyard.api.names import ANNOTATION_STOP

Json = dict[str, Any]


def condition(raw: Json, kind: str) -> Mapping[str, Any]:
    """The condition of that type; empty where there is none."""
    conditions = (raw.get("status") or {}).get("conditions") or ()
    found: Mapping[str, Any] = next((item for item in conditions if item["type"] == kind), {})
    return found


def held_by(raw: Json) -> str:
    """What holds it: its stopPolicy, or EmergencyStop; empty where nothing does."""
    if ANNOTATION_STOP in (raw["metadata"].get("annotations") or {}):
        return "EmergencyStop"
    policy = str((raw.get("spec") or {}).get("stopPolicy", "None"))
    return "" if policy == "None" else policy


def is_ready(raw: Json) -> bool | None:
    """Whether ScanJobs are admitted; None where no operator has told."""
    told = condition(raw, "Ready")
    return told["status"] == "True" if told else None
