"""What a ScanJob says that must come first: its spec.dependsOn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Need:
    """A ScanJob of the same namespace, and whether it must have succeeded or only ended."""

    name: str
    condition: str

    @property
    def any_outcome(self) -> bool:
        """That it has finished is enough."""
        return self.condition == "Finished"


def read_needs(spec: Mapping[str, Any]) -> tuple[Need, ...]:
    """From a spec that the API server has validated."""
    return tuple(
        Need(item["name"], item.get("condition", "Succeeded"))
        for item in spec.get("dependsOn") or ()
    )
