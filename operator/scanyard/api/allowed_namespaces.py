"""Which namespaces' ScanJobs a ScanQueue takes, as Gateway API lets listeners choose routes."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api.base import SpecModel
from scanyard.api.rules import rule, validations

NamespacesFrom = Literal["Same", "All", "Selector"]
LabelOperator = Literal["In", "NotIn", "Exists", "DoesNotExist"]

MAX_SELECTOR_ITEMS: Final = 16
MAX_LABEL_VALUES: Final = 64

# Whoever writes a selector means all of it: half lists of two writers would be nobody's wish.
_ATOMIC = {"x-kubernetes-list-type": "atomic"}
_LABEL_KEY: Final = (
    r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
_LABEL_VALUE: Final = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"

_VALUES_FIT: Final = rule(
    "self.operator in ['In', 'NotIn'] ? "
    "has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
    "In and NotIn need values, Exists and DoesNotExist take none",
    field_path=".values",
)
_SELECTS_SOMETHING: Final = rule(
    "(has(self.matchLabels) && size(self.matchLabels) > 0) || "
    "(has(self.matchExpressions) && size(self.matchExpressions) > 0)",
    "an empty selector would take every namespace: name labels, or write from: All",
)
_SELECTOR_FITS: Final = rule(
    "has(self.selector) == (self.from == 'Selector')",
    "from: Selector needs a selector, and no other takes one",
    field_path=".selector",
)

LabelValue = Annotated[str, Field(max_length=63, pattern=_LABEL_VALUE)]


class LabelRequirement(SpecModel):
    """A condition on one label of a namespace."""

    model_config = ConfigDict(json_schema_extra=validations(_VALUES_FIT))

    key: Annotated[str, Field(min_length=1, max_length=316, pattern=_LABEL_KEY)]
    """Name of the label."""
    operator: LabelOperator
    """In and NotIn look at its value; NotIn and DoesNotExist hold without the label, too."""
    values: Annotated[
        tuple[LabelValue, ...], Field(max_length=MAX_LABEL_VALUES, json_schema_extra=_ATOMIC)
    ] = ()
    """What In and NotIn compare with."""


class LabelSelector(SpecModel):
    """Labels that a namespace must have; all that is said must hold."""

    model_config = ConfigDict(json_schema_extra=validations(_SELECTS_SOMETHING))

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=MAX_SELECTOR_ITEMS)] | None = (
        None
    )
    """Labels with exactly these values."""
    match_expressions: Annotated[
        tuple[LabelRequirement, ...],
        Field(max_length=MAX_SELECTOR_ITEMS, json_schema_extra=_ATOMIC),
    ] = ()
    """Conditions on labels."""


class AllowedNamespaces(SpecModel):
    """The namespaces whose ScanJobs may wait and run in a queue."""

    model_config = ConfigDict(json_schema_extra=validations(_SELECTOR_FITS))

    from_: Annotated[NamespacesFrom, Field(alias="from")] = "Same"
    """Same is the queue's own namespace, All every one, Selector those with the labels."""
    selector: LabelSelector | None = None
    """Labels of the namespaces; with from: Selector only."""
