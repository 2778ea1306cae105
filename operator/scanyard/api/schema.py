"""From the JSON schema of a pydantic model to a structural schema, as a CRD holds it."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel

JsonSchema = dict[str, Any]


def structural(model: type[BaseModel], *, defaults: bool) -> JsonSchema:
    """Structural schema of the model: no references, no titles, no null.

    defaults: whether the defaults of its fields go in. They do for a spec. In a status they would
    show values that nobody observed.
    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    definitions = raw.pop("$defs", {})
    return _convert(raw, definitions, defaults=defaults, root=True)


def _convert(
    node: JsonSchema, definitions: dict[str, JsonSchema], *, defaults: bool, root: bool = False
) -> JsonSchema:
    node = _without_null(_resolved(node, definitions), definitions)
    result: JsonSchema = {}
    for key, value in node.items():
        if key in {"title", "anyOf", "$ref"}:
            continue
        if key == "additionalProperties":
            # False says that a model takes no other fields: a structural schema prunes them.
            if isinstance(value, dict):
                result[key] = _convert(value, definitions, defaults=defaults)
            continue
        if key == "default" and not root and (not defaults or value in (None, [])):
            continue
        if key == "default":
            result[key] = _without_absent(value)
        elif key == "properties":
            result[key] = {
                name: _convert(child, definitions, defaults=defaults)
                for name, child in value.items()
            }
        elif key in {"items", "additionalProperties"}:
            result[key] = _convert(value, definitions, defaults=defaults)
        elif key == "description":
            result[key] = inspect.cleandoc(value).replace("\n", " ").replace("  ", " ")
        else:
            result[key] = value
    return result


def _without_absent(default: Any) -> Any:
    """A default without the fields that a custom resource leaves out."""
    if not isinstance(default, dict):
        return default
    return {
        name: _without_absent(value) for name, value in default.items() if value not in (None, [])
    }


def _resolved(node: JsonSchema, definitions: dict[str, JsonSchema]) -> JsonSchema:
    """The node with its reference replaced; what stands beside the reference wins."""
    if "$ref" not in node:
        return node
    target = definitions[node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _without_null(node: JsonSchema, definitions: dict[str, JsonSchema]) -> JsonSchema:
    """`anyOf: [X, null]` is X: a custom resource leaves an absent field out."""
    if "anyOf" not in node:
        return node
    (only,) = (item for item in node["anyOf"] if item.get("type") != "null")
    outer = {key: value for key, value in node.items() if key != "anyOf"}
    return {**_resolved(only, definitions), **outer}
