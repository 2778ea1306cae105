"""The whole page about the API."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from scanyard.api import names
from scanyard.api.crd import DEFINITIONS, Definition, custom_resource_definition
from scanyard.api.reference.fields import Group, groups
from scanyard.api.reference.interface import ANNOTATIONS, CONDITIONS, LABELS, Mark
from scanyard.api.reference.validations import Rule, change_of, rules_of

_HEAD: Final = f"""\
# API reference

Written by `python -m scanyard.api.reference` from the operator's models; do not edit it by hand.
[Resources](resources.md) is the guide to it: what the fields are for and how they work together.

Group `{names.GROUP}`, version `{names.VERSION}`, category `{names.CATEGORY}`
(`kubectl get {names.CATEGORY}`). Times are RFC 3339 in UTC, durations whole seconds. A field that
is not named here is dropped by the API server; one that breaks a bound or a rule is refused, and
the message says what to write. Only the operator writes a status.
"""
_LONGEST_EXPRESSION: Final = 300
_PRINTED: Final = "| column | shows | |\n| --- | --- | --- |\n"


@cache
def page() -> str:
    """The text of docs/api-reference.md; it depends on nothing but the models."""
    resources = "".join("".join(_resource(definition)) for definition in DEFINITIONS)
    return f"{_HEAD}{resources}{_marks('Annotations', ANNOTATIONS)}{_marks('Labels', LABELS)}"


def _resource(definition: Definition) -> Iterator[str]:
    crd = custom_resource_definition(definition)["spec"]
    (version,) = crd["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    kind, rules = definition.kind, list(rules_of(schema))
    yield f"\n## {kind}\n\n{schema['description']} Short name `{definition.short_name}`.\n"
    for part in ("spec", "status"):
        for group in groups(schema["properties"][part], part):
            yield _group(kind, group, rules)
    yield _rules(kind, rules)
    yield f"\n### {kind} conditions\n\n| type | |\n| --- | --- |\n"
    yield from (f"| `{name}` | {says} |\n" for name, says in CONDITIONS[kind].items())
    yield f"\n### {kind} columns\n\n{_PRINTED}"
    yield from map(_column, version["additionalPrinterColumns"])
    if selectable := version.get("selectableFields"):
        fields = ", ".join(f"`{field['jsonPath'].removeprefix('.')}`" for field in selectable)
        yield f"\n`--field-selector` takes {fields}, beside a name and a namespace.\n"


def _group(kind: str, group: Group, rules: list[Rule]) -> str:
    top_of_spec, in_spec = group.path == "spec", group.path.startswith("spec")
    head = ["field", "type", *(["default"] if in_spec else []), "bounds"]
    head += ["may change"] if top_of_spec else []
    rows = []
    for field in group.fields:
        row = [f"`{field.name}`", field.type, *([field.default] if in_spec else []), field.bounds]
        row += [change_of(field.path, rules)] if top_of_spec else []
        rows.append(f"| {' | '.join([*row, field.description])} |\n")
    titles = f"| {' | '.join(head)} | |\n|{' --- |' * (len(head) + 1)}\n"
    return f"\n### {kind} {group.path}\n\n{group.description}\n\n{titles}{''.join(rows)}"


def _rules(kind: str, rules: list[Rule]) -> str:
    rows = "".join(
        f"| `{rule.path}` | {message.replace('%s', '…')} |\n"
        for rule in rules
        for message in rule.messages
    )
    short = [rule for rule in rules if len(rule.expression) <= _LONGEST_EXPRESSION]
    texts = "\n\n".join(f"// {rule.path}: {rule.messages[0]}\n{rule.expression}" for rule in short)
    return (
        f"\n### {kind} rules\n\nWhat the API server refuses, and what it says:\n\n"
        f"| on | message |\n| --- | --- |\n{rows}\n"
        "<details><summary>as CEL (all but the longest, which are in crds/)</summary>\n\n"
        f"```cel\n{texts}\n```\n\n</details>\n"
    )


def _column(column: dict[str, Any]) -> str:
    path = column["jsonPath"].removeprefix(".").replace("\\", "")
    wide = "with `-o wide`" if column.get("priority") else ""
    return f"| {column['name'].upper()} | `{path}` | {wide} |\n"


def _marks(title: str, marks: tuple[Mark, ...]) -> str:
    rows = "".join(f"| `{mark.name}` | {mark.on} | {mark.by} | {mark.says} |\n" for mark in marks)
    return f"\n## {title}\n\n| | on | written by | |\n| --- | --- | --- | --- |\n{rows}"
