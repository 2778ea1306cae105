"""What kstatus says of a custom resource, written from its published rules.

GitOps tools (Flux, kpt, `kubectl` plugins) take the health of a resource from kstatus. Source:
sigs.k8s.io/cli-utils, pkg/kstatus: README.md, status/generic.go (order of the generic rules) and
status/status.go (the Ready condition, asked last). Shares no code with the operator on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Status = Literal["InProgress", "Failed", "Current", "Terminating"]


def compute(resource: Mapping[str, Any]) -> Status:
    """Status of a custom resource, given whole as decoded from JSON."""
    metadata = resource.get("metadata") or {}
    status = resource.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    if _is_outdated(metadata, status):
        return "InProgress"
    conditions = [(item.get("type"), item.get("status")) for item in status.get("conditions") or ()]
    return _standard_conditions(conditions) or _ready_condition(conditions) or "Current"


def _is_outdated(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether the controller has yet to see the newest spec; unknown counts as seen."""
    if "generation" not in metadata or "observedGeneration" not in status:
        return False
    return bool(metadata["generation"] != status["observedGeneration"])


def _standard_conditions(conditions: list[tuple[Any, Any]]) -> Status | None:
    """Reconciling and Stalled: the first that is True decides, in the order of the list."""
    for kind, value in conditions:
        if kind == "Reconciling" and value == "True":
            return "InProgress"
        if kind == "Stalled" and value == "True":
            return "Failed"
    return None


def _ready_condition(conditions: list[tuple[Any, Any]]) -> Status | None:
    """Ready, where there is one: only True is Current."""
    for kind, value in conditions:
        if kind == "Ready" and value == "True":
            return "Current"
        if kind == "Ready" and value in {"False", "Unknown"}:
            return "InProgress"
    return None
