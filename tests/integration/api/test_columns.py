"""What `kubectl get` and field selectors show of the resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from scanyard.lifecycle.timestamps import format_time
from tests.support.kube import Namespace
from tests.support.resources import scan_job, scan_queue

STATUS = {
    "observedGeneration": 1,
    "phase": "Succeeded",
    "progress": 100,
    "startedAt": "2026-01-02T03:04:05Z",
    "conditions": [
        {
            "type": "Finished",
            "status": "True",
            "reason": "ScanComplete",
            "message": "3 open ports on 1 host",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }
    ],
    "summary": {"openPorts": 3, "hostsUp": 1},
}


@pytest.fixture(scope="module", autouse=True)
def resources(namespace: Namespace) -> None:
    namespace.create("scanqueues", scan_queue("office-network", maxConcurrent=2)).expect()
    ready = {"type": "Ready", "status": "True", "reason": "Admitting"}
    queue = {"observedGeneration": 1, "running": 2, "waiting": 17, "conditions": [ready]}
    namespace.patch("scanqueues", "office-network", {"status": queue}, "status").expect()
    done = scan_job(
        "web-connect-scan", queueRef={"name": "office-network", "namespace": "platform"}, priority=7
    )
    namespace.create("scanjobs", done).expect()
    namespace.patch("scanjobs", "web-connect-scan", {"status": STATUS}, "status").expect()
    waiting = scan_job("office-sweep", scanner="masscan", ports={"tcp": "80"})
    namespace.create("scanjobs", waiting).expect()
    place = {"observedGeneration": 1, "phase": "Pending", "queuePosition": 12}
    namespace.patch("scanjobs", "office-sweep", {"status": place}, "status").expect()


def _minutes_ago(minutes: int) -> str:
    return format_time(datetime.now(UTC) - timedelta(minutes=minutes))


def table(namespace: Namespace, plural: str, *arguments: str) -> list[list[str]]:
    """The table as cells; columns are at least two spaces apart."""
    lines = namespace.kubectl("get", f"{plural}.{namespace.group}", *arguments).splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_the_table_of_scanjobs_tells_the_story_in_80_columns(namespace: Namespace) -> None:
    header, waiting, done = table(namespace, "scanjobs")
    assert header == ["NAME", "PHASE", "QUEUE", "SCANNER", "PROGRESS", "OPEN", "AGE"]
    assert waiting[:4] == ["office-sweep", "Pending", "default", "masscan"]
    assert done[:6] == ["web-connect-scan", "Succeeded", "office-network", "nmap", "100", "3"]
    for line in namespace.kubectl("get", f"scanjobs.{namespace.group}").splitlines():
        assert len(line.rstrip()) <= 80


def test_the_wide_table_says_why(namespace: Namespace) -> None:
    header, waits, done = table(namespace, "scanjobs", "-o", "wide")
    assert header[6:9] == ["POSITION", "PRIORITY", "QUEUE-NAMESPACE"]
    assert header[9:13] == ["TARGET", "STARTED", "REASON", "MESSAGE"]
    assert waits[4:6] == ["12", "0"], "how many are before it"
    assert done[6:9] == ["7", "platform", "192.0.2.1"]
    assert done[10:12] == ["ScanComplete", "3 open ports on 1 host"]


def test_the_table_of_scanqueues(namespace: Namespace) -> None:
    header, row = table(namespace, "scanqueues")
    assert header == ["NAME", "RUNNING", "LIMIT", "WAITING", "STATE", "STOPPED", "AGE"]
    assert row[:5] == ["office-network", "2", "2", "17", "Admitting"]
    assert len(row) == 6, "there is no emergency stop"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(lambda: _minutes_ago(5), "5m"), (str, "<unknown>"), (lambda: "by hand", "<invalid>")],
    ids=["a time", "nothing", "words"],
)
def test_an_emergency_stop_is_seen_whoever_made_it_and_without_an_operator(
    namespace: Namespace, value: Callable[[], str], shown: str
) -> None:
    stop = {"metadata": {"annotations": {"scanyard.dev/stop": value()}}}
    lift = {"metadata": {"annotations": {"scanyard.dev/stop": None}}}
    namespace.patch("scanqueues", "office-network", stop).expect()
    _, row = table(namespace, "scanqueues")
    namespace.patch("scanqueues", "office-network", lift).expect()
    assert row[5].startswith(shown)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("spec.scanner=masscan", ["office-sweep"]),
        ("spec.queueRef.name=office-network", ["web-connect-scan"]),
        ("spec.queueRef.namespace=platform", ["web-connect-scan"]),
        ("spec.queueRef.namespace=", ["office-sweep"]),
        ("status.phase=Succeeded", ["web-connect-scan"]),
        ("status.phase=Pending", ["office-sweep"]),
    ],
)
def test_field_selectors(namespace: Namespace, selector: str, names: list[str]) -> None:
    found = json.loads(
        namespace.kubectl(
            "get", f"scanjobs.{namespace.group}", f"--field-selector={selector}", "-o", "json"
        )
    )
    assert [item["metadata"]["name"] for item in found["items"]] == names


def test_kubectl_wait_for_finished(namespace: Namespace) -> None:
    namespace.kubectl(
        "wait",
        "--for=condition=Finished",
        f"scanjobs.{namespace.group}/web-connect-scan",
        "--timeout=10s",
    )


def test_kubectl_explain_tells_what_a_field_is_for(namespace: Namespace) -> None:
    explained = namespace.kubectl(
        "explain", "scanjobs.spec.timeoutSeconds", f"--api-version={namespace.group}/v1alpha1"
    )
    assert "keep what it found" in " ".join(explained.split())
