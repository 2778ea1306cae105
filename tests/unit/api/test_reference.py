"""docs/api-reference.md is what the models say, and says all of it."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Any

import pytest

from scanyard.api import names
from scanyard.api.crd import DEFINITIONS, custom_resource_definition
from scanyard.api.reference.__main__ import main
from scanyard.api.reference.fields import groups
from scanyard.api.reference.interface import ANNOTATIONS, CONDITIONS, LABELS, Mark
from scanyard.api.reference.page import page
from scanyard.api.reference.validations import change_of, rules_of
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.queue import read_queue
from tests.cluster.settings import REPOSITORY
from tests.unit.lifecycle.situations import EVENTS, STATES, view_of

_BY_KIND = {definition.kind: definition for definition in DEFINITIONS}


@cache
def schema_of(kind: str) -> dict[str, Any]:
    (version,) = custom_resource_definition(_BY_KIND[kind])["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def test_the_page_is_up_to_date(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert main(["--check", str(REPOSITORY / "docs/api-reference.md")]) == 0
    other = tmp_path_factory.mktemp("page") / "api-reference.md"
    assert main(["--check", str(other)]) == 1
    assert main([str(other)]) == 0
    assert main(["--check", str(other)]) == 0


@pytest.mark.parametrize("kind", _BY_KIND)
def test_every_field_has_a_description(kind: str) -> None:
    properties = schema_of(kind)["properties"]
    for part in ("spec", "status"):
        for group in groups(properties[part], part):
            assert group.description, group.path
            for field in group.fields:
                assert field.description, field.path


@pytest.mark.parametrize("kind", _BY_KIND)
def test_every_rule_is_on_the_page_with_its_message(kind: str) -> None:
    text, rules = page(), list(rules_of(schema_of(kind)))
    assert rules
    for rule in rules:
        for message in rule.messages:
            assert f"| `{rule.path}` | {message.replace('%s', '…')} |" in text


def test_every_cell_is_in_a_column() -> None:
    """A bar in a text would begin another one."""
    bars = re.compile(r"(?<!\\)\|")
    for table in re.findall(r"(?:^\|.*\|\n)+", page(), re.MULTILINE):
        rows = table.splitlines()
        assert {len(bars.findall(row)) for row in rows} == {len(bars.findall(rows[0]))}, rows[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.targets", "no"),
        ("spec.timeoutSeconds", "no"),
        ("spec.priority", "yes"),
        ("spec.suspend", "yes"),
        ("spec.rerunToken", "yes"),
        ("spec.ttlSecondsAfterFinished", "yes"),
        ("spec.queueRef", "only while the ScanJob waits"),
        ("spec.cancel", "cannot be taken back"),
    ],
)
def test_what_may_change(path: str, expected: str) -> None:
    rules = list(rules_of(schema_of("ScanJob")))
    assert change_of(path, rules) == expected


def test_of_a_queue_everything_may_change() -> None:
    assert not any(rule.of_changes for rule in rules_of(schema_of("ScanQueue")))


@pytest.mark.parametrize(("prefix", "marks"), [("ANNOTATION_", ANNOTATIONS), ("LABEL_", LABELS)])
def test_every_annotation_and_label_is_told(prefix: str, marks: tuple[Mark, ...]) -> None:
    used = {getattr(names, name) for name in vars(names) if name.startswith(prefix)}
    assert used == {mark.name for mark in marks}


def test_the_conditions_of_a_scanjob_are_those_that_are_written() -> None:
    written = {
        condition.type
        for state, event in product(STATES, ("run", "cancel", "suspend"))
        for condition in decide(view_of(STATES[state], EVENTS[event])).status.conditions
    }
    assert written == set(CONDITIONS["ScanJob"])


def test_the_conditions_of_a_queue_are_those_that_are_written() -> None:
    selector = {"from": "Selector", "selector": {"matchLabels": {"tier": "shared"}}}
    queue = read_queue({
        "metadata": {"namespace": "team", "name": "default"},
        "spec": {"allowedNamespaces": selector},
    })  # fmt: skip
    view = view_of(STATES["new"], EVENTS["run"])
    written = queue_conditions(
        queue,
        ledger_trouble="",
        labels_readable=False,
        now=view.now,
        policy=(True, "Written", "its scans may send to what its scope allows"),
    )
    assert {condition["type"] for condition in written} == set(CONDITIONS["ScanQueue"])
