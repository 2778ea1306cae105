"""The scope of a ScanQueue: what its ScanJobs may scan."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from scanyard.api.base import SpecModel
from scanyard.api.rules import validations
from scanyard.api.target_rules import MAX_TARGET_LENGTH, SCOPE_ITEM_RULES

MAX_SCOPE_ITEMS: Final = 256

# Whoever writes a scope means all of it: two half lists of two writers would be nobody's wish.
_ATOMIC = {"x-kubernetes-list-type": "atomic"}

ScopeItem = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_TARGET_LENGTH, json_schema_extra=validations(*SCOPE_ITEM_RULES)
    ),
]


class Scope(SpecModel):
    """What its ScanJobs may scan; the installation's deny list holds beside it.

    Items are addresses, networks, ranges, and domains: example.com is that name, *.example.com
    every name below it.
    """

    allow: (
        Annotated[
            tuple[ScopeItem, ...],
            Field(min_length=1, max_length=MAX_SCOPE_ITEMS, json_schema_extra=_ATOMIC),
        ]
        | None
    ) = None
    """Only these; every address of every target must lie inside, and every name match a domain."""
    deny: Annotated[
        tuple[ScopeItem, ...], Field(max_length=MAX_SCOPE_ITEMS, json_schema_extra=_ATOMIC)
    ] = ()
    """Not these: targets inside are refused, and of others the part that overlaps is left out."""
