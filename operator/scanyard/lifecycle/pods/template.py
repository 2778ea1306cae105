"""A queue's podTemplate: whether the installation allows it, and what it makes of a Pod's spec."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

#: What ScanJobs are told while their queue's podTemplate lets no Pod be made.
POD_REFUSED: Final = "PodRefused"
#: The state of such a queue.
INVALID_POD_TEMPLATE: Final = "InvalidPodTemplate"


def fault_of(template: Mapping[str, Any], allowed_priority_classes: Collection[str]) -> str:
    """Why no Pod is made by this template, with the way out; empty where it can be used."""
    wanted = template.get("priorityClassName")
    if not wanted or wanted in allowed_priority_classes:
        return ""
    allowed = ", ".join(sorted(allowed_priority_classes)) or "none"
    return (
        f"podTemplate.priorityClassName {wanted} is not one that this installation allows "
        f"({allowed}): change it, or have it added to the chart's scanner.allowedPriorityClasses"
    )


def apply_template(spec: dict[str, Any], template: Mapping[str, Any]) -> None:
    """Add to a Pod's spec what the template says; its one container and its security stay.

    `resources` take the place of the installation's; pull Secrets come after its own.
    """
    if "resources" in template:
        (container,) = spec["containers"]
        container["resources"] = template["resources"]
    for field in ("nodeSelector", "tolerations", "priorityClassName"):
        if template.get(field):
            spec[field] = template[field]
    known = spec.get("imagePullSecrets") or []
    more = [item for item in template.get("imagePullSecrets") or () if item not in known]
    if more:
        spec["imagePullSecrets"] = [*known, *more]
