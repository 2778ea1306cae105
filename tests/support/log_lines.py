"""Reads lines as a store of logs does: each must be of the documented schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.cluster.settings import REPOSITORY

PASSWORD: Final = "not-for-your-eyes"
_SCHEMA: Final = json.loads((REPOSITORY / "docs" / "logs.schema.json").read_text())
_VALIDATOR: Final = Draft202012Validator(_SCHEMA)

Line = dict[str, Any]


def read(text: str) -> list[Line]:
    """All lines; one that is not of the schema, or tells a secret, fails the test."""
    assert PASSWORD not in text
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        _VALIDATOR.validate(line)
    return lines


def of_attempt(lines: Iterable[Line], uid: str, attempt: int) -> list[str]:
    """The messages of one attempt of a ScanJob: what the queries in docs/logs.md ask for."""
    return [
        line["message"]
        for line in lines
        if line.get("scanjob", {}).get("uid") == uid and line.get("attempt") == attempt
    ]
