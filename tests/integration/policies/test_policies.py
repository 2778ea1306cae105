"""What the API server itself refuses and records, by the policies of the chart."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.policies.conftest import (
    OPERATOR,
    OPERATOR_ROLE,
    OTHER,
    SECOND,
    TENANT,
    WATCHING,
    People,
    attempt_pod,
    bind,
)
from tests.support.kube import (
    APPLY_PATCH,
    MERGE_PATCH,
    Namespace,
    Reply,
    eventually,
    temporary_namespace,
)
from tests.support.resources import scan_job, scan_queue

_NOTE = "scanyard.dev/requested-by"


def requester(namespace: Namespace, name: str) -> str:
    notes = namespace.get("scanjobs", name)["metadata"].get("annotations") or {}
    return str(notes.get(_NOTE, ""))


def noted(body: dict[str, Any], text: str) -> dict[str, Any]:
    return body | {"metadata": body["metadata"] | {"annotations": {_NOTE: text, "own": "note"}}}


# --- who asked for a scan


def test_the_requester_is_recorded(people: People) -> None:
    people.tenant.create("scanjobs", scan_job("mine")).expect()
    people.other.create("scanjobs", scan_job("theirs")).expect()
    assert requester(people.tenant, "mine") == TENANT
    assert requester(people.tenant, "theirs") == OTHER


@pytest.mark.parametrize("claimed", ["", OTHER, "system:admin"])
def test_a_requester_that_somebody_claims_is_not_believed(people: People, claimed: str) -> None:
    people.tenant.create("scanjobs", noted(scan_job("mine"), claimed)).expect()
    assert requester(people.tenant, "mine") == TENANT
    notes = people.tenant.get("scanjobs", "mine")["metadata"]["annotations"]
    assert notes["own"] == "note", "other annotations stay"


@pytest.mark.parametrize("change", [{_NOTE: OTHER}, {_NOTE: None}, {_NOTE: ""}])
def test_it_stays_whoever_changes_the_scanjob_and_whatever_they_say(
    people: People, change: dict[str, str | None]
) -> None:
    people.tenant.create("scanjobs", scan_job("mine")).expect()
    body = {"metadata": {"annotations": change}, "spec": {"priority": 5}}
    people.other.patch("scanjobs", "mine", body).expect()
    assert requester(people.tenant, "mine") == TENANT
    assert people.tenant.get("scanjobs", "mine")["spec"]["priority"] == 5


def test_a_replacement_without_annotations_keeps_it(people: People) -> None:
    people.tenant.create("scanjobs", scan_job("mine")).expect()
    found = people.tenant.get("scanjobs", "mine")
    del found["metadata"]["annotations"]
    path = people.tenant.path("scanjobs", "mine")
    people.other.cluster.request("PUT", path, found).expect()
    assert requester(people.tenant, "mine") == TENANT


def apply(namespace: Namespace, body: dict[str, Any], manager: str) -> Reply:
    path = namespace.path("scanjobs", body["metadata"]["name"])
    manifest = {"kind": "ScanJob"} | namespace.of_group(body)
    return namespace.cluster.request(
        "PATCH", path, manifest, content_type=APPLY_PATCH, fieldManager=manager
    )


def test_applying_again_changes_nothing(people: People) -> None:
    """As a pipeline does every minute."""
    for _ in range(3):
        apply(people.tenant, scan_job("mine"), "pipeline").expect()
    first = people.tenant.get("scanjobs", "mine")
    apply(people.tenant, scan_job("mine"), "pipeline").expect()
    assert people.tenant.get("scanjobs", "mine")["metadata"] == first["metadata"]
    apply(people.other, scan_job("mine"), "another").expect()
    assert requester(people.tenant, "mine") == TENANT


def test_the_operator_writes_status_and_deletes_as_ever(people: People) -> None:
    people.tenant.create("scanjobs", scan_job("mine")).expect()
    people.operator.patch("scanjobs", "mine", {"status": {"phase": "Queued"}}, "status").expect()
    assert requester(people.tenant, "mine") == TENANT
    path = people.operator.path("scanjobs", "mine")
    people.operator.cluster.request("DELETE", path).expect()


# --- targets that no queue could allow


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "127.1.0.0/16",
        "127.0.0.0/8",
        "169.254.169.254",
        "169.254.1.1-169.254.1.9",
        "198.51.100.7",
        "198.51.100.0/25",
        "::1",
        "fe80::/96",
        "fe80::1-fe80::9",
        "2001:db8:dead:beef::1",
    ],
)
def test_a_denied_target_is_refused_and_named(people: People, target: str) -> None:
    family = "2001:db8::1" if ":" in target else "192.0.2.1"
    reply = people.tenant.create(
        "scanjobs", scan_job("bad", targets=[family, target]), dryRun="All"
    )
    assert reply.code == 422, reply.message
    assert f"target {target} lies in a network that this installation denies" in reply.message
    assert "leave it out" in reply.message


@pytest.mark.parametrize(
    "targets",
    [
        # What overlaps a denied network only in part is cut out by the operator.
        ["0.0.0.0/0"],
        ["126.0.0.0/7"],
        ["126.255.255.250-127.0.0.9"],
        ["198.51.0.0/16"],
        ["2001:db8::/96"],
        ["::/96"],
        ["web-1.example.com", "localhost-of.example.com"],
        ["fe80-1.example.com"],
    ],
)
def test_its_neighbours_are_not(people: People, targets: list[str]) -> None:
    people.tenant.create("scanjobs", scan_job("good", targets=targets), dryRun="All").expect()


def test_as_many_targets_as_there_may_be_can_be_judged(people: People) -> None:
    """The API server gives a policy so much work and no more."""
    ranges = [f"10.{n // 200}.{n % 200}.1-10.{n // 200}.{n % 200}.9" for n in range(1024)]
    people.tenant.create("scanjobs", scan_job("many", targets=ranges), dryRun="All").expect()
    ranges[-1] = "127.0.0.1-127.0.0.9"
    reply = people.tenant.create("scanjobs", scan_job("many", targets=ranges), dryRun="All")
    assert "target 127.0.0.1-127.0.0.9 lies in" in reply.message


# --- annotations of queues


@pytest.mark.parametrize(
    ("notes", "word"),
    [
        ({"scanyard.dev/release": "team/web"}, "scanyard release --force"),
        ({"scanyard.dev/release": "0a1b2c3d/1,,"}, "with commas between"),
        ({"scanyard.dev/release": "0a1b2c3d/0"}, "with commas between"),
        ({"scanyard.dev/stop-lifted": "today"}, "scanyard stop --lift"),
    ],
)
def test_an_annotation_that_would_silently_do_nothing_is_refused(
    people: People, notes: dict[str, str], word: str
) -> None:
    body = scan_queue("odd")
    body = body | {"metadata": body["metadata"] | {"annotations": notes}}
    reply = people.tenant.create("scanqueues", body, dryRun="All")
    assert reply.code == 422
    assert word in reply.message
    people.tenant.create("scanqueues", scan_queue("plain")).expect()
    reply = people.tenant.patch("scanqueues", "plain", {"metadata": {"annotations": notes}})
    assert word in reply.message


def test_what_the_commands_write_is_taken(people: People) -> None:
    people.tenant.create("scanqueues", scan_queue("plain")).expect()
    uid = people.tenant.get("scanqueues", "plain")["metadata"]["uid"]
    for notes in (
        {"scanyard.dev/stop": "2026-03-01T12:00:00Z"},
        {"scanyard.dev/stop": "by hand"},
        {"scanyard.dev/stop": None, "scanyard.dev/stop-lifted": "2026-03-01T12:00:00Z"},
        {"scanyard.dev/release": f"{uid}/1, {uid}/22"},
        {"scanyard.dev/release": ""},
    ):
        people.tenant.patch("scanqueues", "plain", {"metadata": {"annotations": notes}}).expect()


# --- Pods that call themselves scans


def pods(namespace: Namespace, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace.name}/pods" + (f"/{name}" if name else "")


def test_only_the_operator_creates_attempts(people: People) -> None:
    """Of whatever release: of two one leads, and must not be refused by the other's policies."""
    refused = people.tenant.cluster.request("POST", pods(people.tenant), attempt_pod("forged"))
    assert refused.code == 403
    assert re.search("only the operator creates these.*: create a ScanJob", refused.message)
    for user in (OPERATOR, SECOND):
        who = people.of(user)
        who.cluster.request("POST", pods(who), attempt_pod(f"real-{user[-6:]}")).expect()
    plain: dict[str, Any] = attempt_pod("plain")
    plain["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "scanyard"}
    people.tenant.cluster.request("POST", pods(people.tenant), plain).expect()


def test_an_operator_for_single_namespaces_creates_attempts_in_these(people: People) -> None:
    watching = people.of(WATCHING).cluster
    with temporary_namespace(people.administrator.cluster) as name:
        elsewhere = Namespace(people.administrator.cluster, name)
        bind(elsewhere, "tenant", WATCHING)
        bind(people.administrator, OPERATOR_ROLE, WATCHING)
        eventually(
            lambda: (
                watching.request("POST", pods(people.tenant), attempt_pod("real"), dryRun="All").ok
            ),
            bool,
            seconds=30,
        )
        eventually(
            lambda: watching.request("POST", pods(elsewhere), attempt_pod("other")).message,
            lambda said: "only the operator creates these" in said,
            seconds=30,
        )


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"scanyard.dev/uid": None}},
        {"labels": {"scanyard.dev/attempt": "2"}},
        {"labels": {"app.kubernetes.io/managed-by": "me"}},
        {"annotations": {"scanyard.dev/queue": "platform/other"}},
        {"annotations": {"scanyard.dev/packets-per-second": "0"}},
    ],
)
def test_nobody_changes_what_an_attempt_is(people: People, change: dict[str, Any]) -> None:
    """A Pod that lost its label would leave the operator's sight, and give its slot away."""
    people.operator.cluster.request("POST", pods(people.tenant), attempt_pod("real")).expect()
    for who in (people.tenant, people.administrator):
        reply = who.cluster.request(
            "PATCH", pods(who, "real"), {"metadata": change}, content_type=MERGE_PATCH
        )
        assert reply.code == 403
        assert "cannot be changed" in reply.message


def test_a_pod_cannot_become_an_attempt(people: People) -> None:
    plain: dict[str, Any] = attempt_pod("plain")
    plain["metadata"]["labels"] = {}
    people.tenant.cluster.request("POST", pods(people.tenant), plain).expect()
    change = {"metadata": {"labels": {"scanyard.dev/uid": "x"}}}
    reply = people.tenant.cluster.request(
        "PATCH", pods(people.tenant, "plain"), change, content_type=MERGE_PATCH
    )
    assert reply.code == 403


def test_everything_else_of_an_attempt_may_change(people: People) -> None:
    """Others label Pods, and finalizers come and go."""
    people.operator.cluster.request("POST", pods(people.tenant), attempt_pod("real")).expect()
    change = {
        "metadata": {
            "labels": {"team": "red"},
            "annotations": {"seen": "yes"},
            "finalizers": ["example.com/audit"],
        }
    }
    path = pods(people.tenant, "real")
    for body in (change, {"metadata": {"finalizers": None}}):
        people.tenant.cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()
    status = {"status": {"phase": "Running"}}
    people.tenant.cluster.request(
        "PATCH", f"{path}/status", status, content_type=MERGE_PATCH
    ).expect()
    people.tenant.cluster.request("DELETE", path, {"gracePeriodSeconds": 0}).expect()
