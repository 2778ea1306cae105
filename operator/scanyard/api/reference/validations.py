"""The rules that the API server applies to a resource, and what each says when it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_CANNOT_CHANGE = "cannot be changed"
_LITERALS = re.compile(r"'([^']*)'")
#: Shorter ones are no messages but parts of an expression.
_SHORTEST_MESSAGE = 16


@dataclass(frozen=True, slots=True)
class Rule:
    """`path`: what the message points to. `messages`: one, or those that CEL chooses from.

    `of_changes`: it compares with what stood there before.
    """

    path: str
    messages: tuple[str, ...]
    expression: str
    of_changes: bool


def rules_of(schema: dict[str, Any], path: str = "") -> Iterator[Rule]:
    """Every rule at this place and below it."""
    for raw in schema.get("x-kubernetes-validations", ()):
        chosen = _LITERALS.findall(raw.get("messageExpression", ""))
        chosen = [text for text in chosen if len(text) >= _SHORTEST_MESSAGE]
        where = f"{path}{raw.get('fieldPath', '')}".removeprefix(".")
        yield Rule(
            path=where,
            messages=tuple(dict.fromkeys([raw["message"], *chosen])),
            expression=raw["rule"],
            of_changes="oldSelf" in raw["rule"],
        )
    for name, child in schema.get("properties", {}).items():
        yield from rules_of(child, f"{path}.{name}")
    if "items" in schema:
        yield from rules_of(schema["items"], f"{path}[]")


def change_of(path: str, rules: list[Rule]) -> str:
    """Whether a field of a spec may be changed: yes, no, or the condition in the rule's words."""
    for rule in rules:
        if rule.of_changes and rule.path == path:
            (message, *_) = rule.messages
            if _CANNOT_CHANGE in message:
                return "no"
            name = path.rsplit(".", 1)[-1]
            return message.split(":")[0].removeprefix(f"{name} ").removeprefix("can be changed ")
    return "yes"
