"""The tables of docs/security.md are the roles that the chart makes."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.chart.rendering import MATRIX, NAMESPACE, ROOT, Chart, Object, of_kind
from tests.chart.test_rbac import permissions

_ROW = re.compile(r"^\| `([\w./]+)`( named `[\w-]+`)? \| ([a-z, ]+) \|", re.MULTILINE)
_SECTION = re.compile(r"^### ([^\n]+)\n\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
_POLICIES: Final[Object] = {"scanner": {"networkPolicyPerQueue": True}}
_IN_KUBE_SYSTEM = f"{NAMESPACE}-scanyard-operator"

#: Heading: installation, kind and name of the role.
_ROLES: Final[dict[str, tuple[Object, str, str]]] = {
    "The operator, for all namespaces": (_POLICIES, "ClusterRole", "scanyard-operator"),
    "The operator, in kube-system": ({}, "Role", _IN_KUBE_SYSTEM),
    "The operator, for some namespaces": (
        MATRIX["some-namespaces"] | _POLICIES,
        "Role",
        "scanyard-operator",
    ),
    "The operator for some namespaces, in kube-system": (
        MATRIX["some-namespaces"],
        "Role",
        _IN_KUBE_SYSTEM,
    ),
    "Setting up the Redis password": ({}, "Role", "scanyard-setup-redis-secret"),
    "Setting up queues": ({}, "Role", "scanyard-setup-queues"),
    "The chart's test": ({}, "Role", "scanyard-test"),
    "Tenants": ({}, "ClusterRole", "scanyard-edit"),
    "Readers": ({}, "ClusterRole", "scanyard-view"),
    "The platform": ({}, "ClusterRole", "scanyard-admin"),
}


def told() -> dict[str, set[tuple[str, str]]]:
    """What the page says, by heading, in the form of `permissions`."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tables = {
        heading: {
            (resource + ("!" if named else ""), verb)
            for resource, named, verbs in _ROW.findall(body)
            for verb in verbs.split(", ")
        }
        for heading, body in _SECTION.findall(text)
    }
    return {heading: rights for heading, rights in tables.items() if rights}


def test_every_table_has_its_role() -> None:
    assert set(told()) == set(_ROLES)


@pytest.mark.parametrize("heading", _ROLES)
def test_a_table_says_what_the_role_grants(chart: Chart, heading: str) -> None:
    values, kind, name = _ROLES[heading]
    found = [
        role for role in of_kind(chart.objects(values), kind) if role["metadata"]["name"] == name
    ]
    assert found
    for role in found:
        assert permissions(role) == told()[heading]


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "everything"])
def test_there_is_no_role_that_the_page_does_not_tell_of(chart: Chart, name: str) -> None:
    known = {role for _, _, role in _ROLES.values()}
    made = chart.objects(MATRIX[name])
    roles = [*of_kind(made, "Role"), *of_kind(made, "ClusterRole")]
    assert {role["metadata"]["name"] for role in roles} <= known


def test_aggregation_is_as_told(chart: Chart) -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for role in of_kind(chart.objects(), "ClusterRole"):
        prefix = "rbac.authorization.k8s.io/aggregate-to-"
        into = {key.removeprefix(prefix) for key in role["metadata"]["labels"] if prefix in key}
        name = role["metadata"]["name"]
        (sentence,) = re.findall(rf"^ClusterRole `{name}`(.*?)\.$", text, re.MULTILINE)
        named = set(re.findall(r"`(view|edit|admin)`", sentence))
        assert named == into, name
