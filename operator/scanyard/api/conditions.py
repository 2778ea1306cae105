"""The shape of a condition, as in metav1.Condition."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from scanyard.api.base import MAX_CONDITION_MESSAGE, MAX_REASON, Int64, StatusModel

ConditionStatus = Literal["True", "False", "Unknown"]

# More types than a resource will ever have; a bound keeps CEL and clients safe.
MAX_CONDITIONS: Final = 16


class Condition(StatusModel):
    """One observation of the resource, for machines and for `kubectl wait`."""

    type: Annotated[str, Field(max_length=316)]
    """Name of the condition, CamelCase."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    """Why, as one CamelCase word."""
    message: Annotated[str, Field(max_length=MAX_CONDITION_MESSAGE)] = ""
    """Why, for people, and what to do."""
    last_transition_time: datetime | None = None
    """When status last changed."""
    observed_generation: Int64 | None = None
    """The metadata.generation that this condition speaks of."""


Conditions = Annotated[
    tuple[Condition, ...],
    Field(
        max_length=MAX_CONDITIONS,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    ),
]


def find(conditions: tuple[Condition, ...], condition_type: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((item for item in conditions if item.type == condition_type), None)
