"""Validation rules in CEL, as they stand in a CRD under x-kubernetes-validations."""

from __future__ import annotations

from typing import Any


def rule(
    expression: str,
    message: str = "",
    *,
    message_expression: str = "",
    field_path: str = "",
) -> dict[str, str]:
    """One rule: `expression` must be true, else the API server refuses with the message.

    message_expression is CEL that builds the message; where it fails, `message` is used.
    field_path names the field in the error, relative to where the rule stands (".targets").
    """
    entry = {"rule": expression}
    if field_path:
        entry["fieldPath"] = field_path
    if message:
        entry["message"] = message
    if message_expression:
        entry["messageExpression"] = message_expression
    return entry


def immutable(field: str, *, always_set: bool) -> dict[str, str]:
    """The field keeps its value, or its absence, for the life of the object.

    always_set: the field is required or has a default. The rule stands on the spec, not on the
    field: there it would not run when the field is added or removed.
    """
    same = f"self.{field} == oldSelf.{field}"
    if not always_set:
        same = f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || {same})"
    return rule(same, f"{field} cannot be changed: create a new ScanJob", field_path=f".{field}")


def validations(*rules: dict[str, str]) -> dict[str, Any]:
    """Schema extension with these rules."""
    return {"x-kubernetes-validations": list(rules)}
