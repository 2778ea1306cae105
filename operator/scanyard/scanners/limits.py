"""Checks of single option values, for defence in depth behind the API's own schema."""

from __future__ import annotations

from collections.abc import Collection

from scanyard.errors import InvalidInputError


def check_number(value: object, low: int, high: int, field: str) -> int:
    """A whole number of `low` to `high`. Raises InvalidInputError naming `field`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidInputError(field, f"{value!a:.40} is out of range", f"give {low} to {high}")
    return value


def check_word(value: object, allowed: Collection[str], field: str) -> str:
    """One of the `allowed` words. Raises InvalidInputError naming `field`."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidInputError(
            field, f"{str(value)[:40]!a} is not known", f"use one of {', '.join(sorted(allowed))}"
        )
    return value
