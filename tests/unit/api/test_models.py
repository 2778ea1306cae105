"""The models read what the API server returns and write what it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from scanyard.api.conditions import find
from scanyard.api.scanjob import NmapOptions, ScanJob, ScanJobSpec
from scanyard.api.scanqueue import ScanQueue
from scanyard.errors import InvalidInputError


def raw_job(**changes: Any) -> dict[str, Any]:
    """A ScanJob as the API server returns it."""
    return {
        "apiVersion": "scanyard.dev/v1alpha1",
        "kind": "ScanJob",
        "metadata": {
            "name": "web",
            "namespace": "team-a",
            "uid": "0f886334-2e90-4640-bb34-cadbe755227c",
            "resourceVersion": "264",
            "generation": 1,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {
            "queueRef": {"name": "urgent"},
            "scanner": "nmap",
            "targets": ["192.0.2.0/28", "web.example.com"],
            "excludeTargets": ["192.0.2.3"],
            "ports": {"tcp": "22,80", "udp": "53"},
            "nmap": {"technique": "Syn", "timing": "Polite", "packetsPerSecond": 50},
            "priority": 7,
            "timeoutSeconds": 60,
            "suspend": False,
            "cancel": False,
            "rerunToken": "again",
        },
        "status": {"observedGeneration": -1, "phase": "Pending"},
        **changes,
    }


def test_a_job_is_read_whole() -> None:
    job = ScanJob.from_raw(raw_job())
    assert job.key == "team-a/web"
    assert job.queue_key == "team-a/urgent"
    assert job.metadata.creation_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert job.spec.targets == ("192.0.2.0/28", "web.example.com")
    assert job.spec.nmap == NmapOptions(technique="Syn", timing="Polite", packets_per_second=50)
    assert job.spec.masscan is None
    assert (job.status.observed_generation, job.status.phase) == (-1, "Pending")


def test_a_spec_survives_the_way_to_json_and_back() -> None:
    spec = ScanJob.from_raw(raw_job()).spec
    written = spec.model_dump(mode="json", exclude_unset=True)
    assert written == raw_job()["spec"]
    assert ScanJobSpec.model_validate(written) == spec


def test_models_take_python_names_too() -> None:
    spec = ScanJobSpec(scanner="nmap", targets=("192.0.2.1",), timeout_seconds=9)
    assert spec.model_dump(mode="json", exclude_unset=True)["timeoutSeconds"] == 9
    assert spec.queue_ref.name == "default"


def test_a_spec_field_of_a_newer_version_is_refused_not_ignored() -> None:
    raw = raw_job()
    raw["spec"]["scope"] = {"deny": ["192.0.2.0/24"]}
    with pytest.raises(InvalidInputError) as refusal:
        ScanJob.from_raw(raw)
    assert refusal.value.field == "spec.scope"


def test_status_fields_of_a_newer_version_are_ignored() -> None:
    status = {
        "observedGeneration": 1,
        "phase": "Running",
        "queuePosition": 4,
        "attempts": [{"number": 1, "queue": "team-a/urgent", "fence": 3, "shard": 0}],
        "conditions": [
            {
                "type": "Reconciling",
                "status": "True",
                "reason": "Running",
                "message": "",
                "lastTransitionTime": "2026-01-02T03:04:05Z",
                "observedGeneration": 1,
            }
        ],
    }
    read = ScanJob.from_raw(raw_job(status=status)).status
    assert read.attempts[0].ended_at is None
    condition = find(read.conditions, "Reconciling")
    assert condition is not None
    assert condition.status == "True"
    assert find(read.conditions, "Ready") is None


def test_models_cannot_be_changed() -> None:
    job = ScanJob.from_raw(raw_job())
    with pytest.raises(ValidationError):
        job.spec.priority = 3  # type: ignore[misc]


def test_a_queue_without_spec_has_the_defaults() -> None:
    queue = ScanQueue.from_raw({"metadata": {"name": "default", "namespace": "team-a"}})
    assert queue.spec.max_concurrent == 5
    assert queue.spec.stop_policy == "None"
    assert queue.spec.aging_seconds == 600
    assert queue.status.observed_generation == -1
