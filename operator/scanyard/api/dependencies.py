"""ScanJobs that must come first: spec.dependsOn."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api.base import SpecModel
from scanyard.api.rules import rule, validations

DependencyCondition = Literal["Succeeded", "Finished"]
DependencyFailurePolicy = Literal["Cancel", "Wait"]

MAX_DEPENDENCIES: Final = 16

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

NAME_RULE: Final = rule(
    f"self.name.matches(r'^{_LABEL}([.]{_LABEL})*$')",
    "must be the name of a ScanJob of this namespace, such as find-hosts: small letters, digits, "
    "dashes and dots",
    field_path=".name",
)
"""On each item of spec.dependsOn."""

NOT_ON_ITSELF: Final = rule(
    "!has(self.spec.dependsOn) || self.spec.dependsOn.all(d, d.name != self.metadata.name)",
    "dependsOn names the ScanJob itself, so it would wait for ever: remove that entry",
    field_path=".spec.dependsOn",
)
"""On the ScanJob itself: only there a rule sees its name."""


class Dependency(SpecModel):
    """A ScanJob of the same namespace that must come first."""

    model_config = ConfigDict(json_schema_extra=validations(NAME_RULE))

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Its name; it may be created later."""
    # No default in the CRD: within a list it would make every client-side apply a change.
    condition: DependencyCondition | None = None
    """Succeeded, or absent: it must have come to its own end; Finished: any outcome will do."""


Dependencies = Annotated[
    tuple[Dependency, ...],
    Field(
        max_length=MAX_DEPENDENCIES,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    ),
]
