"""What of a ScanJob may change after it was created, and when."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.support.kube import Namespace
from tests.support.resources import scan_job

OPEN_ATTEMPT = {"number": 1, "queue": "x/default", "admittedAt": "2026-01-02T03:04:05Z"}
ENDED_ATTEMPT = {**OPEN_ATTEMPT, "endedAt": "2026-01-02T03:05:06Z"}


def create(namespace: Namespace, **spec: Any) -> str:
    name = f"job-{uuid.uuid4().hex[:8]}"
    namespace.create("scanjobs", scan_job(name, **spec)).expect()
    return name


FULL: dict[str, Any] = {
    "excludeTargets": ["192.0.2.9"],
    "ports": {"tcp": "80"},
    "nmap": {"technique": "Connect", "maxRetries": 1},
}
MASSCAN: dict[str, Any] = {"scanner": "masscan", "ports": {"tcp": "80"}, "masscan": {}}

IMMUTABLE: list[tuple[dict[str, Any], str, Any]] = [
    (FULL, "targets", ["192.0.2.2"]),
    (FULL, "targets", ["192.0.2.1", "192.0.2.2"]),
    ({"targets": ["192.0.2.1", "192.0.2.2"]}, "targets", ["192.0.2.2", "192.0.2.1"]),
    (FULL, "excludeTargets", ["192.0.2.8"]),
    (FULL, "excludeTargets", None),
    ({}, "excludeTargets", ["192.0.2.8"]),
    (FULL, "ports", {"tcp": "81"}),
    (FULL, "ports", {"udp": "53"}),
    (FULL, "ports", None),
    ({}, "ports", {"top": 10}),
    (FULL, "nmap", {"technique": "Syn"}),
    (FULL, "nmap", {"maxRetries": None}),
    (FULL, "nmap", {"timing": "Polite"}),
    (FULL, "nmap", None),
    ({}, "nmap", {"osDetection": True}),
    (MASSCAN, "masscan", {"packetsPerSecond": 200}),
    (MASSCAN, "masscan", None),
    ({"timeoutSeconds": 60}, "timeoutSeconds", 61),
    ({"timeoutSeconds": 60}, "timeoutSeconds", None),
    ({}, "timeoutSeconds", 60),
    ({}, "timeoutPolicy", "Adaptive"),
    ({"timeoutPolicy": "Adaptive"}, "timeoutPolicy", "Fixed"),
    ({"timeoutPolicy": "Adaptive"}, "timeoutPolicy", None),
    ({"startDeadlineSeconds": 60}, "startDeadlineSeconds", 61),
    ({"startDeadlineSeconds": 60}, "startDeadlineSeconds", None),
    ({}, "retry", {"maxAttempts": 4}),
    ({}, "retry", {"causes": ["Timeout"]}),
    ({"retry": {"maxAttempts": 1}}, "retry", None),
    ({"dependsOn": [{"name": "a"}]}, "dependsOn", [{"name": "b"}]),
    ({"dependsOn": [{"name": "a"}]}, "dependsOn", [{"name": "a", "condition": "Finished"}]),
    ({"dependsOn": [{"name": "a"}]}, "dependsOn", [{"name": "a"}, {"name": "b"}]),
    ({"dependsOn": [{"name": "a"}]}, "dependsOn", None),
    ({}, "dependsOn", [{"name": "a"}]),
    ({}, "dependencyFailurePolicy", "Wait"),
    ({}, "notBefore", "2026-01-31T22:00:00Z"),
    ({"notBefore": "2026-01-31T22:00:00Z"}, "notBefore", "2026-01-31T22:00:01Z"),
    ({"notBefore": "2026-01-31T22:00:00Z"}, "notBefore", None),
]


@pytest.mark.parametrize(("spec", "field", "value"), IMMUTABLE)
def test_what_is_scanned_cannot_be_changed(
    namespace: Namespace, spec: dict[str, Any], field: str, value: Any
) -> None:
    reply = namespace.patch("scanjobs", create(namespace, **spec), {"spec": {field: value}})
    assert reply.code == 422
    assert (
        f"spec.{field}",
        f"Invalid value: {field} cannot be changed: create a new ScanJob",
    ) in [(path, message.replace('"null": ', "")) for path, message in reply.causes]


def test_the_number_that_an_earlier_version_wrote_may_be_left_out(namespace: Namespace) -> None:
    """Its CRD made 3600 of no timeoutSeconds; to replace it by one without is no change."""
    name = create(namespace, timeoutSeconds=3600)
    assert namespace.patch("scanjobs", name, {"spec": {"timeoutPolicy": "Adaptive"}}).code == 422
    stored = namespace.get("scanjobs", name)
    del stored["spec"]["timeoutSeconds"]
    path = namespace.path("scanjobs", name)
    replaced = namespace.cluster.request("PUT", path, stored).expect()
    assert "timeoutSeconds" not in replaced["spec"]
    assert namespace.patch("scanjobs", name, {"spec": {"timeoutSeconds": 3600}}).code == 422


def test_an_apply_without_it_leaves_what_an_earlier_version_wrote(namespace: Namespace) -> None:
    body = scan_job("gitops")
    namespace.create("scanjobs", scan_job("gitops", timeoutSeconds=3600)).expect()
    applied = namespace.apply("scanjobs", body, "argocd").expect()
    again = namespace.apply("scanjobs", body, "argocd").expect()
    assert applied["spec"]["timeoutSeconds"] == 3600
    assert again["metadata"]["resourceVersion"] == applied["metadata"]["resourceVersion"]


def test_the_scanner_cannot_be_changed(namespace: Namespace) -> None:
    name = create(namespace, ports={"tcp": "80"})
    reply = namespace.patch("scanjobs", name, {"spec": {"scanner": "masscan"}})
    assert "scanner cannot be changed: create a new ScanJob" in reply.message


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 5},
        {"suspend": True},
        {"cancel": True},
        {"rerunToken": "again"},
        {"queueRef": {"name": "other"}},
        {"queueRef": {"name": "default", "namespace": "platform"}},
        {"ttlSecondsAfterFinished": 60},
    ],
    ids=str,
)
@pytest.mark.parametrize("phase", ["Pending", "Queued", "Suspended"])
def test_a_waiting_scanjob_can_change(
    namespace: Namespace, change: dict[str, Any], phase: str
) -> None:
    name = create(namespace, **FULL)
    namespace.patch("scanjobs", name, {"status": {"phase": phase}}, "status").expect()
    changed = namespace.patch("scanjobs", name, {"spec": change}).expect()
    assert changed["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 5},
        {"suspend": True},
        {"cancel": True},
        {"rerunToken": "again"},
        {"ttlSecondsAfterFinished": 60},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("phase", ["Starting", "Running", "Succeeded", "Failed", "TimedOut"])
def test_wishes_can_change_at_any_time(
    namespace: Namespace, change: dict[str, Any], phase: str
) -> None:
    name = create(namespace, **FULL)
    namespace.patch("scanjobs", name, {"status": {"phase": phase}}, "status").expect()
    namespace.patch("scanjobs", name, {"spec": change}).expect()


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ({"phase": "Pending"}, True),
        ({"phase": "Queued"}, True),
        ({"phase": "Queued", "attempts": [ENDED_ATTEMPT]}, True),
        ({"phase": "Suspended", "attempts": [ENDED_ATTEMPT]}, True),
        ({"phase": "Pending", "attempts": [OPEN_ATTEMPT]}, False),
        ({"phase": "Suspended", "attempts": [ENDED_ATTEMPT, OPEN_ATTEMPT | {"number": 2}]}, False),
        ({"phase": "Starting", "attempts": [OPEN_ATTEMPT]}, False),
        ({"phase": "Running", "attempts": [OPEN_ATTEMPT]}, False),
        ({"phase": "Succeeded", "attempts": [ENDED_ATTEMPT]}, False),
        ({"phase": "Cancelled"}, False),
    ],
    ids=lambda value: str(value)[:70],
)
@pytest.mark.parametrize("reference", [{"name": "other"}, {"namespace": "platform"}], ids=str)
def test_the_queue_can_be_changed_only_while_it_waits(
    namespace: Namespace, status: dict[str, Any], reference: dict[str, str], *, allowed: bool
) -> None:
    name = create(namespace)
    namespace.patch("scanjobs", name, {"status": status}, "status").expect()
    reply = namespace.patch("scanjobs", name, {"spec": {"queueRef": reference}})
    assert reply.ok == allowed, reply.message
    if not allowed:
        assert (
            "queueRef can be changed only while the ScanJob waits: create a new ScanJob"
            in reply.message
        )


@pytest.mark.parametrize(
    ("token", "change", "allowed"),
    [
        (None, {"cancel": False}, False),
        (None, {"cancel": None}, False),
        ("one", {"cancel": False}, False),
        ("one", {"cancel": False, "rerunToken": "one"}, False),
        ("one", {"cancel": False, "rerunToken": None}, False),
        (None, {"cancel": False, "rerunToken": "one"}, True),
        ("one", {"cancel": False, "rerunToken": "two"}, True),
        ("one", {"rerunToken": "two"}, True),
    ],
    ids=str,
)
def test_cancel_is_taken_back_only_with_a_new_token(
    namespace: Namespace, token: str | None, change: dict[str, Any], *, allowed: bool
) -> None:
    name = create(namespace, cancel=True, rerunToken=token)
    reply = namespace.patch("scanjobs", name, {"spec": change})
    assert reply.ok == allowed, reply.message
    if not allowed:
        assert (
            "cancel cannot be taken back: set a new rerunToken with it to run the ScanJob again"
            in reply.message
        )


def test_labels_and_status_can_change_beside_an_immutable_spec(namespace: Namespace) -> None:
    name = create(namespace, **FULL)
    namespace.patch("scanjobs", name, {"metadata": {"labels": {"team": "a"}}}).expect()
    namespace.patch("scanjobs", name, {"status": {"phase": "Running"}}, "status").expect()
