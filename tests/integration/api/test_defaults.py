"""What GET shows of objects that say little."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kstatus import compute
from tests.support.kube import Namespace
from tests.support.resources import scan_job, scan_queue

RETRY = {
    "maxAttempts": 3,
    "backoffSeconds": 10,
    "maxBackoffSeconds": 300,
    "causes": ["NodeLost", "Evicted", "Preempted", "ImagePull", "StartDeadline", "ResultLost"],
}


def test_defaults_of_a_scanjob(namespace: Namespace) -> None:
    namespace.create("scanjobs", scan_job("short", nmap={})).expect()
    assert namespace.get("scanjobs", "short")["spec"] == {
        "queueRef": {"name": "default"},
        "scanner": "nmap",
        "targets": ["192.0.2.1"],
        "nmap": {
            "technique": "Connect",
            "timing": "Normal",
            "serviceDetection": False,
            "osDetection": False,
            "skipHostDiscovery": False,
            "disableArpPing": False,
        },
        "priority": 0,
        "startDeadlineSeconds": 600,
        "retry": RETRY,
        "dependencyFailurePolicy": "Cancel",
        "suspend": False,
        "cancel": False,
    }


@pytest.mark.parametrize(
    "retry", [{}, {"maxAttempts": 1}, {"backoffSeconds": 300}, {"causes": []}], ids=str
)
def test_defaults_of_retry(namespace: Namespace, retry: dict[str, Any]) -> None:
    body = scan_job("retry", retry=retry)
    created = namespace.create("scanjobs", body, dryRun="All").expect()
    assert created["spec"]["retry"] == RETRY | retry


def test_a_dependency_has_none(namespace: Namespace) -> None:
    """Within a list they would make every client-side apply a change."""
    body = scan_job("second", dependsOn=[{"name": "first"}])
    created = namespace.create("scanjobs", body, dryRun="All").expect()
    assert created["spec"]["dependsOn"] == [{"name": "first"}]


def test_defaults_of_masscan(namespace: Namespace) -> None:
    body = scan_job("masscan", scanner="masscan", masscan={}, ports={"tcp": "80"})
    namespace.create("scanjobs", body).expect()
    assert namespace.get("scanjobs", "masscan")["spec"]["masscan"] == {
        "packetsPerSecond": 100,
        "retries": 0,
        "waitSeconds": 10,
    }


def test_defaults_of_a_scanqueue(namespace: Namespace) -> None:
    body = scan_queue("short")
    del body["spec"]
    namespace.create("scanqueues", body).expect()
    queue = namespace.get("scanqueues", "short")
    assert queue["spec"] == {
        "maxConcurrent": 5,
        "priority": 0,
        "stopPolicy": "None",
        "agingSeconds": 600,
        "ordering": "Priority",
        "windowEndPolicy": "RunOn",
        "maxOvertakes": 20,
        "allowedNamespaces": {"from": "Same"},
    }
    assert queue["status"] == {"observedGeneration": -1}


def test_a_new_object_is_not_taken_for_a_healthy_one(namespace: Namespace) -> None:
    """Its status shows by default, and a status that came with the create is dropped."""
    body = scan_job("fresh") | {"status": {"observedGeneration": 1, "phase": "Succeeded"}}
    created = namespace.create("scanjobs", body).expect()
    assert created["status"] == {"observedGeneration": -1, "phase": "Pending"}
    assert namespace.get("scanjobs", "fresh")["status"] == created["status"]
    assert compute(created) == "InProgress"


def test_a_status_write_keeps_the_rest_of_the_default(namespace: Namespace) -> None:
    namespace.create("scanjobs", scan_job("written")).expect()
    namespace.patch("scanjobs", "written", {"status": {"progress": 5}}, "status").expect()
    status = namespace.get("scanjobs", "written")["status"]
    assert status == {"observedGeneration": -1, "phase": "Pending", "progress": 5}


def test_a_status_write_cannot_change_the_spec(namespace: Namespace) -> None:
    namespace.create("scanjobs", scan_job("spec")).expect()
    change = {"spec": {"priority": 9}, "status": {"progress": 5}}
    namespace.patch("scanjobs", "spec", change, "status").expect()
    job = namespace.get("scanjobs", "spec")
    assert (job["spec"]["priority"], job["metadata"]["generation"]) == (0, 1)
