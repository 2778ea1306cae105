"""How a ScanQueue divides its slots among namespaces: spec.ordering and spec.fairShare."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from scanyard.api.base import Int32, SpecModel
from scanyard.api.rules import rule

Ordering = Literal["Priority", "FairShare"]

MAX_WEIGHTS: Final = 256

WEIGHTS_NEED_FAIR_SHARE: Final = rule(
    "!has(self.fairShare) || self.ordering == 'FairShare'",
    "weights count with ordering FairShare only: set it, or remove fairShare",
    field_path=".fairShare",
)
"""On the spec of a ScanQueue."""


class NamespaceWeight(SpecModel):
    """The weight of one namespace."""

    namespace: Annotated[
        str, Field(min_length=1, max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    ]
    """Its name."""
    weight: Annotated[Int32, Field(ge=1, le=1000)]
    """With twice the weight of another it runs twice as many ScanJobs, where both have enough."""


class FairShare(SpecModel):
    """How much each namespace is to run."""

    weights: Annotated[
        tuple[NamespaceWeight, ...],
        Field(
            max_length=MAX_WEIGHTS,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["namespace"],
            },
        ),
    ] = ()
    """Namespaces that are not named weigh 1."""
