"""Which namespaces a queue takes: the table of Kubernetes' label selectors, and no when unsure."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.lifecycle.tenancy import NAME_LABEL, read_allowed_namespaces

TIER = {"tier": "gold"}


def takes(namespace: str, labels: dict[str, str] | None, **spec: Any) -> bool:
    """By a queue of the namespace platform."""
    return read_allowed_namespaces(spec or None).take("platform", namespace, labels)


def selects(labels: dict[str, str] | None, *expressions: dict[str, Any], **match: str) -> bool:
    """By a selector, of the namespace team."""
    selector = {"matchLabels": match, "matchExpressions": list(expressions)}
    return takes("team", labels, **{"from": "Selector", "selector": selector})


@pytest.mark.parametrize(
    ("source", "own", "other"),
    [(None, True, False), ("Same", True, False), ("All", True, True)],
)
@pytest.mark.parametrize("labels", [None, {}, TIER])
def test_without_a_selector_labels_do_not_matter(
    source: str | None, own: bool, other: bool, labels: dict[str, str] | None
) -> None:
    spec = {} if source is None else {"from": source}
    assert takes("platform", labels, **spec) is own
    assert takes("team", labels, **spec) is other


@pytest.mark.parametrize(
    ("operator", "values", "gold", "silver", "without"),
    [
        ("In", ["gold"], True, False, False),
        ("In", ["gold", "silver"], True, True, False),
        ("NotIn", ["gold"], False, True, True),
        ("Exists", [], True, True, False),
        ("DoesNotExist", [], False, False, True),
    ],
)
def test_expressions_are_those_of_kubernetes(
    operator: str, values: list[str], gold: bool, silver: bool, without: bool
) -> None:
    wanted = {"key": "tier", "operator": operator, "values": values}
    found = [selects(labels, wanted) for labels in (TIER, {"tier": "silver"}, {"a": "b"})]
    assert found == [gold, silver, without]


def test_all_that_a_selector_says_must_hold() -> None:
    exists = {"key": "scans", "operator": "Exists"}
    assert selects({"tier": "gold", "scans": ""}, exists, tier="gold")
    assert not selects({"tier": "gold"}, exists, tier="gold")
    assert not selects({"scans": ""}, exists, tier="gold")


def test_a_selector_is_no_exception_for_the_queues_own_namespace() -> None:
    spec = {"from": "Selector", "selector": {"matchLabels": TIER}}
    assert takes("platform", TIER, **spec)
    assert not takes("platform", {}, **spec)


@pytest.mark.parametrize(
    "wanted",
    [
        {"key": "tier", "operator": "In", "values": ["gold"]},
        {"key": "tier", "operator": "NotIn", "values": ["gold"]},
        {"key": "tier", "operator": "DoesNotExist"},
        {"key": "tier", "operator": "Exists"},
    ],
)
def test_labels_that_nobody_knows_let_nobody_in(wanted: dict[str, Any]) -> None:
    assert not selects(None, wanted)


def test_the_name_of_a_namespace_is_known_without_its_labels() -> None:
    named = {"key": NAME_LABEL, "operator": "In", "values": ["team", "other"]}
    assert selects(None, named)
    assert not selects(None, named, tier="gold")
    assert not selects(None, {**named, "values": ["other"]})


def test_a_name_label_that_somebody_made_up_does_not_count() -> None:
    """The API server sets it; an odd one must not open a queue."""
    named = {"key": NAME_LABEL, "operator": "In", "values": ["other"]}
    assert not selects({NAME_LABEL: "other"}, named)


@pytest.mark.parametrize(
    "spec",
    [
        {"from": "Everybody"},
        {"from": "Selector", "selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}},
    ],
)
def test_what_is_not_understood_is_not_read_as_anything(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not known"):
        read_allowed_namespaces(spec)


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {}}, {"matchExpressions": []}])
def test_an_empty_selector_selects_nothing(selector: dict[str, Any]) -> None:
    """The API server refuses it; written past it, it must not mean everybody."""
    assert not takes("team", TIER, **{"from": "Selector", "selector": selector})
