"""Crash points are named after what the operator asks, and no kill is ever left out."""

from __future__ import annotations

import pytest

from scanyard.queueing.scripts import load_script
from tests.crashpoints import naming
from tests.crashpoints.points import KILLS, known_requests, points

_HERE = "https://127.0.0.1:6443"
_JOBS = f"{_HERE}/apis/scanyard.dev/v1alpha1"


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", f"{_JOBS}/scanjobs", "list-scanjobs"),
        ("GET", f"{_JOBS}/namespaces/team/scanjobs/web", "get-scanjobs"),
        ("PATCH", f"{_JOBS}/namespaces/team/scanjobs/web/status", "patch-scanjobs-status"),
        ("POST", f"{_HERE}/api/v1/namespaces/team/pods", "create-pods"),
        ("DELETE", f"{_HERE}/api/v1/namespaces/team/pods/web-1", "delete-pods"),
        ("GET", f"{_HERE}/api/v1/nodes/node-1", "get-nodes"),
        (
            "PUT",
            f"{_HERE}/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/scanyard",
            "update-leases",
        ),
    ],
)
def test_a_request_is_named_by_what_it_does_to_what(method: str, url: str, name: str) -> None:
    assert naming.of_request(method, url) == name


def test_a_queue_that_tells_of_a_held_slot_is_a_step_of_its_own() -> None:
    url = f"{_JOBS}/namespaces/team/scanqueues/default/status"
    told: dict[str, object] = {"status": {"heldSlots": []}}
    assert naming.of_request("PATCH", url, told) == "patch-held-slots"
    counted = {"status": {"running": 1}}
    assert naming.of_request("PATCH", url, counted) == "patch-scanqueues-status"


def test_that_a_scanjob_waits_is_told_by_the_clock() -> None:
    url = f"{_JOBS}/namespaces/team/scanjobs/web/status"
    waits: dict[str, object] = {"phase": "Queued", "conditions": [], "observedGeneration": 1}
    assert naming.of_request("PATCH", url, {"status": waits}) == "announce-scanjobs"
    resumed = waits | {"queuedAt": "2026-03-01T12:00:00Z"}
    assert naming.of_request("PATCH", url, {"status": resumed}) == "patch-scanjobs-status"


def test_a_script_call_is_named_after_the_script() -> None:
    heads, begin = load_script("heads"), load_script("rebuild_begin")
    asked = ("EVALSHA", heads.sha, 2, "header", "registry", "7", "100", "64")
    assert naming.of_command((*asked, "team/default")) == "redis-heads"
    assert naming.of_command(asked) == "redis-check", "an idle leader asks for no queue"
    assert naming.of_command(("EVAL", begin.text, 2)) == "redis-rebuild-begin-in-full"
    assert naming.of_command(("CONFIG GET", "maxmemory-policy")) == "redis-config-get"


def test_a_sample_leaves_out_no_kill() -> None:
    everything, sample = points(everything=True), points(everything=False)
    kills = [point for point in everything if point.fault.moment in KILLS]
    requests = sum(sum(counts.values()) for counts in known_requests().values())
    assert len(kills) == 2 * requests
    assert [point for point in sample if point.fault.kills] == kills
    assert set(sample) < set(everything)
    assert points(everything=False) == sample, "the same each time"
