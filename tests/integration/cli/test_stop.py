"""`scanyard stop` on a real API server, and the same by kubectl."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from scanyard.api import names
from scanyard.cli import emergency_stop
from scanyard.cli.objects import SCAN_PODS
from scanyard.lifecycle.timestamps import parse_time
from tests.integration.cli.conftest import Run
from tests.support.kube import Namespace, temporary_namespace
from tests.support.resources import scan_queue

_STOP: Final = names.ANNOTATION_STOP


@pytest.fixture
def yard(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Namespace]:
    """Two queues and a Pod that looks like an attempt's, and waits at a gate for ever."""
    # Whether an operator is there to confirm it makes no difference here.
    monkeypatch.setattr(emergency_stop, "_UNCONFIRMED_QUIET_SECONDS", 3.0)
    with temporary_namespace(namespace.cluster) as name:
        opened = Namespace(namespace.cluster, name)
        for queue in ("one", "two"):
            opened.create("scanqueues", scan_queue(queue)).expect()
        _create_pod(opened, "scan-1", role=names.ROLE_ATTEMPT)
        _create_pod(opened, "buried-1", role=names.ROLE_TOMBSTONE)
        yield opened


def test_it_holds_every_queue_and_ends_the_pods_of_scans(scanyard: Run, yard: Namespace) -> None:
    printed = scanyard("stop", "--all", "--namespace", yard.name)
    assert "No scan runs any more" in printed or "No scan was running" in printed
    assert parse_time(_notes(yard, "one")[_STOP]) is not None
    assert _STOP in _notes(yard, "two")
    assert _pods(yard) == {"buried-1"}

    assert "is held already" in scanyard("stop", "--all", "--namespace", yard.name)
    assert f"{yard.name}/two: lifted" in scanyard("stop", "--lift", "--namespace", yard.name)
    notes = _notes(yard, "two")
    assert _STOP not in notes
    assert names.ANNOTATION_STOP_LIFTED in notes


def test_kubectl_does_the_same(scanyard: Run, yard: Namespace) -> None:
    yard.kubectl("annotate", "scanqueues", "--all", f"{_STOP}=by-hand")
    assert _notes(yard, "one")[_STOP] == "by-hand"
    yard.kubectl("delete", "pods", "-l", SCAN_PODS)
    assert _pods(yard) == {"buried-1"}
    assert f"{yard.name}/one: is held already" in scanyard("stop", "--all", "-n", yard.name)
    yard.kubectl("annotate", "scanqueues", "--all", f"{_STOP}-")
    assert "No emergency stop is in force" in scanyard("stop", "--lift", "-n", yard.name)


def _create_pod(yard: Namespace, name: str, *, role: str) -> None:
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {
            names.LABEL_MANAGED_BY: names.MANAGED_BY,
            names.LABEL_ROLE: role,
            names.LABEL_UID: "0a1b2c3d-0000-4000-8000-000000000001",
            names.LABEL_ATTEMPT: "1",
        },
        "annotations": {
            names.ANNOTATION_SCANJOB: f"{yard.name}/scan",
            names.ANNOTATION_QUEUE: f"{yard.name}/one",
        },
    }
    spec = {
        "schedulingGates": [{"name": "scanyard.dev/test"}],
        "containers": [{"name": "scanner", "image": "registry.invalid/none"}],
    }
    path = f"/api/v1/namespaces/{yard.name}/pods"
    body = {"metadata": metadata, "spec": spec}
    yard.cluster.request("POST", path, body).expect()


def _pods(yard: Namespace) -> set[str]:
    path = f"/api/v1/namespaces/{yard.name}/pods"
    return {pod["metadata"]["name"] for pod in yard.cluster.request("GET", path).expect()["items"]}


def _notes(yard: Namespace, queue: str) -> dict[str, str]:
    return yard.get("scanqueues", queue)["metadata"].get("annotations") or {}
