"""Applying the same again changes nothing, whoever applies and how."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.support import examples
from tests.support.kube import Namespace
from tests.support.resources import scan_job, scan_queue

_PLURALS: Final = {"ScanJob": "scanjobs", "ScanQueue": "scanqueues"}

BODIES: list[tuple[str, dict[str, Any]]] = [
    ("scanjobs", scan_job("short")),
    ("scanjobs", scan_job("nested", nmap={"scriptCategories": ["Safe", "Default"]})),
    ("scanjobs", scan_job("masscan", scanner="masscan", masscan={}, ports={"tcp": "80"})),
    ("scanjobs", scan_job("lists", targets=["10.0.0.2", "10.0.0.1"], excludeTargets=["10.0.0.9"])),
    (
        "scanjobs",
        scan_job("many", targets=[f"10.0.{n // 256}.{n % 256}" for n in range(1024)]),
    ),
    (
        "scanjobs",
        scan_job("last", dependsOn=[{"name": "b"}, {"name": "a"}], ttlSecondsAfterFinished=60),
    ),
    ("scanqueues", scan_queue("short")),
    ("scanqueues", scan_queue("full", maxConcurrent=2, stopPolicy="Hold", agingSeconds=0)),
    ("scanqueues", scan_queue("defaults", defaults={"ttlSecondsAfterFinished": 86_400})),
    (
        "scanqueues",
        scan_queue(
            "scope",
            scope={"allow": ["10.0.0.0/8", "*.example.com"], "deny": ["10.0.0.1"]},
            allowedScanners=["masscan", "nmap"],
            limits={"maxAddresses": 2**32},
        ),
    ),
]
IDS = [f"{plural}-{body['metadata']['name']}" for plural, body in BODIES]


@pytest.mark.parametrize(("plural", "body"), BODIES, ids=IDS)
def test_client_side_apply_twice(namespace: Namespace, plural: str, body: dict[str, Any]) -> None:
    name = f"client-{body['metadata']['name']}"
    text = json.dumps(namespace.of_group(body) | {"metadata": {"name": name}})
    assert "created" in namespace.kubectl("apply", "-f", "-", stdin=text)
    before = namespace.get(plural, name)
    assert "unchanged" in namespace.kubectl("apply", "-f", "-", stdin=text)
    assert namespace.get(plural, name) == before


@pytest.mark.parametrize(("plural", "body"), BODIES, ids=IDS)
def test_server_side_apply_twice(namespace: Namespace, plural: str, body: dict[str, Any]) -> None:
    """Nothing that anybody can see changes.

    The first write after the create, of whatever kind, also stores the default of the status,
    which GET showed before: so the resourceVersion is compared from the second apply on.
    """
    first = namespace.apply(plural, body, "flux").expect()
    second = namespace.apply(plural, body, "flux").expect()
    third = namespace.apply(plural, body, "flux").expect()
    assert third["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    del first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]
    assert second == first


def test_applying_again_does_not_disturb_the_status(namespace: Namespace) -> None:
    body = scan_job("running")
    namespace.apply("scanjobs", body, "flux").expect()
    status = {"observedGeneration": 1, "phase": "Running", "progress": 40}
    written = namespace.patch("scanjobs", "running", {"status": status}, "status").expect()
    again = namespace.apply("scanjobs", body, "flux").expect()
    assert again["metadata"]["resourceVersion"] == written["metadata"]["resourceVersion"]
    assert again["status"] == status


def test_two_managers_share_a_scanjob(namespace: Namespace) -> None:
    """Git says what to scan; a person at the keyboard says how urgent it is."""
    body = scan_job("shared", targets=["10.0.0.1", "10.0.0.2"])
    namespace.apply("scanjobs", body, "flux").expect()
    urgent = {**scan_job("shared"), "spec": {"priority": 50, "suspend": True}}
    namespace.apply("scanjobs", urgent, "person").expect()
    again = namespace.apply("scanjobs", body, "flux").expect()
    assert again["spec"]["priority"] == 50
    assert again["spec"]["suspend"] is True
    assert again["spec"]["targets"] == ["10.0.0.1", "10.0.0.2"]


def test_two_managers_of_one_field_conflict(namespace: Namespace) -> None:
    namespace.apply("scanjobs", scan_job("contested", priority=1), "flux").expect()
    other = scan_job("contested", priority=2)
    reply = namespace.apply("scanjobs", other, "person")
    assert reply.code == 409
    assert "conflict with" in reply.message
    namespace.apply("scanjobs", other, "person", force="true").expect()
    assert namespace.get("scanjobs", "contested")["spec"]["priority"] == 2


def test_a_second_manager_cannot_change_the_targets(namespace: Namespace) -> None:
    namespace.apply("scanjobs", scan_job("grown"), "flux").expect()
    other = scan_job("grown", targets=["192.0.2.7"])
    assert namespace.apply("scanjobs", other, "person").code == 409
    reply = namespace.apply("scanjobs", other, "person", force="true")
    assert reply.code == 422
    assert "targets cannot be changed: create a new ScanJob" in reply.message


def example_documents() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}-{document['metadata']['name']}", document)
        for path in examples.FILES
        for document in examples.documents(path)
        if document["kind"] in _PLURALS
    ]


@pytest.mark.parametrize(
    "document", [pytest.param(body, id=name) for name, body in example_documents()]
)
def test_the_examples_are_accepted_strictly(namespace: Namespace, document: dict[str, Any]) -> None:
    metadata = {key: value for key, value in document["metadata"].items() if key != "namespace"}
    namespace.create(
        _PLURALS[document["kind"]],
        document | {"metadata": metadata},
        dryRun="All",
        fieldValidation="Strict",
    ).expect()
