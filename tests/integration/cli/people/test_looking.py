"""What `list`, `status`, `stats`, `workers`, `logs` and completion show; their json read by jq."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.cli.people.conftest import Ended, Yard


@pytest.fixture
def busy(yard: Yard) -> Yard:
    """Scans in several states."""
    specs: dict[str, dict[str, Any]] = {
        "dns": {"priority": 5},
        "sweep": {"scanner": "masscan", "ports": {"tcp": "80"}},
        "waits": {"targets": ["192.0.2.1", "192.0.2.2"]},
        "broken": {},
    }
    for name, spec in specs.items():
        yard.job(name, **spec)
    yard.operator.running("dns", seconds=400)
    yard.operator.succeeded("dns", seconds=10)
    yard.operator.running("sweep", percent=88, seconds=4000, node="node-2")
    yard.operator.queued("waits")
    yard.operator.failed("broken", "ScannerError", "nmap ended with exit code 1", seconds=50)
    return yard


def jq(query: str, ended: Ended) -> str:
    """What jq makes of it."""
    assert ended.code == 0, ended.err
    done = subprocess.run(
        ["jq", "-c", query], input=ended.out, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_list(busy: Yard) -> None:
    printed = busy.tenant("list").out.splitlines()
    assert printed[0].split() == ["NAME", "PHASE", "QUEUE", "SCANNER", "DONE", "OPEN", "AGE"]
    rows = {line.split()[0]: line.split()[1:-1] for line in printed[1:]}
    assert rows == {
        "broken": ["Failed", "default", "nmap"],
        "dns": ["Succeeded", "default", "nmap", "100%", "3"],
        "sweep": ["Running", "default", "masscan", "88%"],
        "waits": ["Queued", "default", "nmap"],
    }
    wide = busy.tenant("list", "-o", "wide").out
    assert "192.0.2.1 +1" in wide
    assert "ScannerError" in wide
    only = busy.tenant("list", "--phase", "running", "--scanner", "masscan", "-o", "name")
    assert only.out == "scanjob.scanyard.dev/sweep\n"
    two = busy.tenant("list", "--phase", "failed", "--phase", "queued", "-o", "name").out
    assert two.split() == ["scanjob.scanyard.dev/broken", "scanjob.scanyard.dev/waits"]
    queue = f"{busy.namespace.name}/default"
    of_queue = busy.platform("list", "-A", "--queue", queue, "--phase", "failed", "-o", "name").out
    assert of_queue.split() == ["scanjob.scanyard.dev/broken"], "although it names no namespace"
    assert busy.platform("list", "-A", "--queue", "elsewhere/default", "-o", "name").out == ""
    none = busy.tenant("list", "-l", "a=b")
    assert (none.out, none.err) == ("", f"No scans in namespace {busy.namespace.name}.\n")


def test_json_is_the_api_servers_own_objects(busy: Yard) -> None:
    listed = busy.tenant("list", "-o", "json")
    assert jq(".kind, .apiVersion", listed) == '"List"\n"v1"'
    assert jq('[.items[] | select(.status.phase == "Running") | .metadata.name]', listed) == (
        '["sweep"]'
    )
    assert jq(".items | map(.status.summary.openPorts // 0) | add", listed) == "3"
    one = busy.tenant("status", "dns", "-o", "json")
    assert jq(".kind, .status.summary.hosts[0].ports[1].port", one) == '"ScanJob"\n443'
    assert jq(".metadata.managedFields", one) == "null"
    assert busy.tenant("list", "-o", "json").out == listed.out, "the same twice"
    queues = busy.tenant("queue", "list", "-o", "json")
    assert jq(".items[0].spec.maxConcurrent", queues) == "2"


def test_status_tells_the_whole_story(busy: Yard) -> None:
    printed = busy.tenant("status", "dns", "broken").out
    assert f"ScanJob:   {busy.namespace.name}/dns" in printed
    assert "Found:     3 open ports, 2 of 16 hosts up" in printed
    assert "192.0.2.9                      53/udp   open    domain" in printed
    assert "Reason:    ScannerError: nmap ended with exit code 1" in printed
    assert "      1   6m" in printed, "the attempt, and when it was admitted"
    missing = busy.tenant("status", "nope")
    assert (missing.code, missing.out) == (1, "")


def test_stats_count_exactly(busy: Yard) -> None:
    counted = busy.tenant("stats", "-o", "json")
    assert jq(".queues[0] | [.scans, .live, .outcomes.Succeeded, .outcomes.Failed]", counted) == (
        "[4,2,1,1]"
    )
    # It began 400 s before one moment and ended 10 s before another a little later.
    ran = jq(".queues[0].runSeconds | [.count, .p50, .p95]", counted)
    assert re.fullmatch(r"\[1,39\d,39\d\]", ran)
    assert re.search(r"\b6m3\ds\b", busy.tenant("stats").out)
    nothing = busy.tenant("stats", "-l", "a=b")
    assert (nothing.code, "nothing to count" in nothing.err) == (0, True)


def test_workers_show_the_leader_and_the_running_by_node(busy: Yard) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    _replace(
        busy,
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
        {
            "metadata": {"name": "scanyard"},
            "spec": {
                "holderIdentity": "scanyard-0_6f1c",
                "leaseDurationSeconds": 15,
                "acquireTime": now,
                "renewTime": now,
            },
        },
    )
    pod = {
        "metadata": {
            "name": "scanyard-0",
            "labels": {
                "app.kubernetes.io/name": "scanyard",
                "app.kubernetes.io/component": "operator",
            },
        },
        "spec": {"containers": [{"name": "operator", "image": "registry.invalid/none"}]},
    }
    _replace(busy, f"/api/v1/namespaces/{busy.namespace.name}/pods", pod)
    printed = busy.platform("workers").out
    assert "Leader: scanyard-0, for " in printed
    assert " yes " in next(line for line in printed.splitlines() if "scanyard-0 " in line)
    running = next(line for line in printed.splitlines() if line.startswith("node-2"))
    assert running.split() == ["node-2", "sweep", "default", "Running", "88%", "66m"]
    told = busy.platform("workers", "-o", "json")
    assert jq(".operators[0].leads, .running[0].node, .lease.holderIdentity", told) == (
        'true\n"node-2"\n"scanyard-0_6f1c"'
    )


def test_a_log_that_is_not_there_is_explained(busy: Yard) -> None:
    gone = busy.tenant("logs", "sweep")
    assert gone.code == 1
    assert "sweep: the Pod of attempt 1 is gone, and its log with it" in gone.err
    early = busy.tenant("logs", "waits")
    assert (early.code, "add --follow to wait" in early.err) == (1, True)
    assert "give one of these: 1" in busy.tenant("logs", "sweep", "--attempt", "7").err
    assert busy.tenant("logs", "nope").code == 1


def test_following_a_log_waits_for_the_start(busy: Yard) -> None:
    process = busy.start("logs", "waits", "--follow")
    assert process.stderr is not None
    assert process.stderr.readline() == "waits: waits for its start (Queued)\n"
    busy.operator.running("waits")
    _, err = process.communicate(timeout=30)
    assert "waits: the Pod of attempt 1 is gone" in err, "it asked for the log of what had started"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("scanyard cancel s", {"sweep"}),
        ("scanyard status dns ", {"broken", "sweep", "waits"}),
        ("scanyard submit nmap --queue de", {"default"}),
        ("scanyard sus", {"suspend"}),
        ("scanyard queue dr", {"drain"}),
    ],
)
def test_completion_knows_names(busy: Yard, line: str, expected: set[str]) -> None:
    assert _completed(busy, line) == expected


def test_completion_without_a_cluster_offers_nothing(busy: Yard) -> None:
    busy.monkeypatch.setenv("KUBECONFIG", "/no/such/file")
    assert _completed(busy, "scanyard cancel --kubeconfig /no/such/file ") == set()


def _completed(yard: Yard, line: str) -> set[str]:
    words = line.split(" ")
    yard.monkeypatch.setenv("_SCANYARD_COMPLETE", "bash_complete")
    yard.monkeypatch.setenv("COMP_WORDS", line)
    yard.monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    ended = yard.tenant()
    return {item.partition(",")[2] for item in ended.out.split()}


def _replace(yard: Yard, path: str, body: dict[str, Any]) -> None:
    """Create it anew; the Lease is the same for all tests."""
    cluster = yard.namespace.cluster
    cluster.request("DELETE", f"{path}/{body['metadata']['name']}")
    cluster.request("POST", path, body).expect()
