"""The page on logs: its line is one of the schema, its queries ask for fields that there are."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from jsonschema import Draft202012Validator

from scanyard.api import names
from scanyard.logs.schema import Fields, json_schema
from tests.cluster.settings import REPOSITORY

_PAGE: Final = (REPOSITORY / "docs" / "logs.md").read_text()
_SCHEMA: Final = json_schema()


def _blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found


def _paths(schema: dict[str, Any], prefix: str = "") -> set[str]:
    """The fields by their full names, parts joined by dots."""
    found: set[str] = set()
    for name, each in schema["properties"].items():
        inner = _SCHEMA["$defs"].get(each.get("$ref", "").rpartition("/")[2])
        found |= {prefix + name} if inner is None else _paths(inner, f"{prefix}{name}.")
    return found


def _terms(query: object) -> set[str]:
    if isinstance(query, list):
        return set().union(*map(_terms, query))
    if not isinstance(query, dict):
        return set()
    own = set(query["term"]) if "term" in query else set()
    return own.union(*map(_terms, query.values()))


def test_the_example_is_a_line() -> None:
    line = json.loads(_blocks("json")[0])
    Draft202012Validator(_SCHEMA).validate(line)
    assert set(Fields.__annotations__) - set(line) == {"reason"}


def test_each_field_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", _PAGE, re.MULTILINE))
    assert explained == set(_SCHEMA["properties"])
    always = re.findall(r"^\| `(\w+)` \|", _PAGE, re.MULTILINE)[: len(_SCHEMA["required"])]
    assert set(always) == set(_SCHEMA["required"])


def test_elasticsearch_is_asked_for_fields_and_labels_that_there_are() -> None:
    asked = _terms(json.loads(_blocks("json")[1]))
    labels = {
        f"kubernetes.labels.{label.replace('.', '_')}"
        for label in (names.LABEL_UID, names.LABEL_ATTEMPT)
    }
    assert labels <= asked
    (kql,) = _blocks("kql")
    asked |= set(re.findall(r"([\w.]+) :", kql))
    fields = {term.removeprefix("scanyard.") for term in asked - labels}
    assert fields == {"scanjob.uid", "attempt"}
    assert fields <= _paths(_SCHEMA)


def test_loki_is_asked_for_labels_that_its_parser_makes() -> None:
    made = {path.replace(".", "_") for path in _paths(_SCHEMA)} | {"namespace"}
    for query in _blocks("logql"):
        asked = set(re.findall(r"(\w+)(?:=~|=)\"", query)) | set(re.findall(r"by \((\w+)\)", query))
        assert asked
        assert asked <= made
