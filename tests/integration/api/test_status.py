"""The status that the operator writes is taken whole, and its bounds hold."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.api.scanjob import ScanJob
from scanyard.api.scanjob_status import MAX_ATTEMPTS, MAX_SUMMARY_HOSTS, MAX_SUMMARY_PORTS
from tests.support.kube import Namespace
from tests.support.resources import scan_job

TIME = "2026-01-02T03:04:05.678901Z"

FULL: dict[str, Any] = {
    "observedGeneration": 1,
    "phase": "Succeeded",
    "conditions": [
        {
            "type": kind,
            "status": status,
            "reason": "ScanComplete",
            "message": "3 open ports on 1 host",
            "lastTransitionTime": TIME,
            "observedGeneration": 1,
        }
        for kind, status in (("Finished", "True"), ("Ready", "True"), ("Stalled", "False"))
    ],
    "queuedAt": TIME,
    "startedAt": TIME,
    "finishedAt": TIME,
    "queuePosition": 1,
    "estimatedStartTime": TIME,
    "estimatedStartTimeLatest": TIME,
    "rerunToken": "again",
    "progress": 100,
    "retryAt": TIME,
    "refusals": 2,
    "failures": 1,
    "attemptCount": 11,
    "attempts": [
        {
            "number": 11,
            "queue": "team-a/urgent",
            "fence": 1_767_323_045,
            "podName": "web-0f886334-11",
            "admittedAt": TIME,
            "startedAt": TIME,
            "endedAt": TIME,
            "reason": "ScanComplete",
            "message": "done",
            "nodeName": "node-1",
            "sourceAddress": "10.244.0.7",
            "exitCode": 0,
        }
    ],
    "explanation": {
        "token": "2026-01-02T03:04:05Z-1",
        "at": TIME,
        "reason": "QueueFull",
        "message": "queue urgent runs 2 of at most 2; 14 wait",
        "queuePosition": 1,
        "estimatedStartTime": TIME,
        "estimatedStartTimeLatest": TIME,
        "until": TIME,
        "waiting": 14,
        "running": 2,
        "limit": 2,
        "heldBy": ["office"],
        "heldByOthers": 1,
        "parkedAlike": 3,
    },
    "summary": {
        "complete": True,
        "truncated": False,
        "hostsUp": 1,
        "hostsDown": 13,
        "hostsTotal": 2**40,
        "openPorts": 3,
        "hosts": [
            {
                "address": "192.0.2.1",
                "hostname": "web.example.com",
                "state": "up",
                "ports": [{"port": 22, "protocol": "tcp", "state": "open", "service": "ssh"}],
            }
        ],
    },
}


@pytest.fixture(scope="module")
def job(namespace: Namespace) -> str:
    namespace.create("scanjobs", scan_job("job")).expect()
    return "job"


def test_a_full_status_is_kept_and_read_back(namespace: Namespace, job: str) -> None:
    namespace.patch("scanjobs", job, {"status": FULL}, "status").expect()
    raw = namespace.get("scanjobs", job)
    assert raw["status"] == FULL
    status = ScanJob.from_raw(raw).status
    assert status.attempts[0].fence == 1_767_323_045
    assert status.summary is not None
    assert status.summary.hosts[0].ports[0].service == "ssh"


def host(number: int, ports: int = 0) -> dict[str, Any]:
    return {
        "address": f"10.0.{number // 256}.{number % 256}",
        "ports": [{"port": port, "protocol": "tcp"} for port in range(1, ports + 1)],
    }


def attempts(count: int) -> list[dict[str, Any]]:
    return [{"number": number} for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"attempts": attempts(MAX_ATTEMPTS + 1)}, "status.attempts: Too many"),
        ({"attempts": [{"number": 1}, {"number": 1}]}, "status.attempts[1]: Duplicate value"),
        ({"attempts": [{"number": 0}]}, "should be greater than or equal to 1"),
        (
            {"summary": {"hosts": [host(n) for n in range(MAX_SUMMARY_HOSTS + 1)]}},
            "status.summary.hosts: Too many",
        ),
        (
            {"summary": {"hosts": [host(1, MAX_SUMMARY_PORTS + 1)]}},
            "status.summary.hosts[0].ports: Too many",
        ),
        ({"queuePosition": 0}, "should be greater than or equal to 1"),
        (
            {"explanation": {"token": "t" * 65, "at": TIME}},
            "status.explanation.token: Too long",
        ),
        (
            {"explanation": {"token": "t", "at": TIME, "heldBy": ["a"] * 6}},
            "status.explanation.heldBy: Too many",
        ),
        ({"phase": "Done"}, 'Unsupported value: "Done"'),
        ({"progress": 101}, "should be less than or equal to 100"),
        ({"startedAt": "yesterday"}, "must be of type date-time"),
        (
            {"conditions": [{"type": "Ready", "status": "yes"}]},
            'supported values: "True", "False", "Unknown"',
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_status_out_of_bounds_is_refused(
    namespace: Namespace, job: str, status: dict[str, Any], message: str
) -> None:
    reply = namespace.patch("scanjobs", job, {"status": status}, "status")
    assert reply.code == 422
    assert message in reply.message


def test_a_status_at_its_bounds_is_taken(namespace: Namespace, job: str) -> None:
    status = {
        "attempts": attempts(MAX_ATTEMPTS),
        "summary": {
            "hosts": [host(n) for n in range(MAX_SUMMARY_HOSTS - 1)]
            + [host(9999, MAX_SUMMARY_PORTS)]
        },
    }
    namespace.patch("scanjobs", job, {"status": status}, "status").expect()


def test_a_status_patch_with_an_old_resource_version_conflicts(
    namespace: Namespace, job: str
) -> None:
    old = namespace.get("scanjobs", job)["metadata"]["resourceVersion"]
    namespace.patch("scanjobs", job, {"status": {"progress": 1}}, "status").expect()
    late = {"metadata": {"resourceVersion": old}, "status": {"progress": 2}}
    assert namespace.patch("scanjobs", job, late, "status").code == 409
