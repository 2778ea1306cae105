"""The fields of a resource as rows of a table, read from the schema that its CRD holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JsonSchema = dict[str, Any]

#: What programs of Kubernetes call an integer of these formats, nobody needs to be told.
_TYPES = {"integer": "integer", "boolean": "boolean", "string": "string", "object": "object"}
_LISTS = {"set": ", a set", "atomic": ", replaced as a whole"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `path` from the resource's root, such as spec.ports.tcp."""

    path: str
    name: str
    type: str
    default: str
    bounds: str
    description: str


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one object; `path` is where it stands, such as spec.ports."""

    path: str
    description: str
    fields: tuple[Field, ...]


def groups(schema: JsonSchema, path: str) -> Iterator[Group]:
    """The object at that path, and every object inside it."""
    required = schema.get("required", ())
    fields = tuple(
        _field(child, f"{path}.{name}", required=name in required)
        for name, child in schema["properties"].items()
    )
    yield Group(path, schema.get("description", ""), fields)
    for name, child in schema["properties"].items():
        inner, suffix = _inner(child)
        if "properties" in inner:
            yield from groups(inner, f"{path}.{name}{suffix}")


def _field(node: JsonSchema, path: str, *, required: bool) -> Field:
    default = _code(json.dumps(node["default"])) if "default" in node else ""
    return Field(
        path=path,
        name=path.rsplit(".", 1)[-1],
        type=_type(node),
        default="required" if required and not default else default,
        bounds=_bounds(node),
        description=_text(node.get("description", "")),
    )


def _inner(node: JsonSchema) -> tuple[JsonSchema, str]:
    return (node["items"], "[]") if node.get("type") == "array" else (node, "")


def _type(node: JsonSchema) -> str:
    if node.get("x-kubernetes-int-or-string"):
        return "quantity"
    if node["type"] == "array":
        keys = node.get("x-kubernetes-list-map-keys", ())
        by = ", one for each " + ", ".join(_code(key) for key in keys) if keys else ""
        kind = _LISTS.get(node["x-kubernetes-list-type"], by)
        return f"list of {_type(node['items'])}s{kind}"
    if "additionalProperties" in node:
        return f"map of {_type(node['additionalProperties'])}s"
    if node.get("format") == "date-time":
        return "time"
    return _TYPES[node["type"]]


def _bounds(node: JsonSchema) -> str:
    parts = []
    if "enum" in node:
        parts.append(", ".join(_code(value) for value in node["enum"]))
    if "minimum" in node or "maximum" in node:
        parts.append(_range(node.get("minimum"), node.get("maximum")))
    if "maxLength" in node:
        parts.append(f"{_range(node.get('minLength'), node['maxLength'])} characters")
    if "maxItems" in node:
        parts.append(f"{_range(node.get('minItems'), node['maxItems'])} entries")
    if "maxProperties" in node:
        parts.append(f"{_range(None, node['maxProperties'])} entries")
    if "pattern" in node:
        parts.append(_code(node["pattern"]))
    if inner := node.get("items") or node.get("additionalProperties"):
        each = _bounds(inner)
        parts += [f"each: {each}"] if each else []
    return "; ".join(parts)


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high:,}"
    return f"{low:,} …" if high is None else f"{low:,} … {high:,}"


def _code(text: str) -> str:
    return f"`{_text(text)}`"


def _text(text: str) -> str:
    """In a cell of a table a bar needs a backslash, also inside of code."""
    return text.replace("|", "\\|")
