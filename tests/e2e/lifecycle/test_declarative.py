"""What people and pipelines rely on: apply again, any order, `kubectl wait`, kstatus."""

from __future__ import annotations

import subprocess
import time
from typing import Final

import yaml

from tests.support import kstatus
from tests.support.scans import Lab, Scan, condition, open_ports, phase, resource
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets

#: What kstatus must make of each phase; everything that Scanyard ever shows is judged by it.
_HEALTH: Final[dict[str, kstatus.Status]] = {
    "Pending": "InProgress",
    "Queued": "InProgress",
    "Starting": "InProgress",
    "Running": "InProgress",
    "Succeeded": "Current",
    "Failed": "Failed",
    "TimedOut": "Failed",
    "Cancelled": "Failed",
    # Argo CD and Flux must not wait for what a person has suspended.
    "Suspended": "Current",
}


@side_by_side
def test_every_phase_is_read_right_by_kstatus(lab: Lab, targets: Targets) -> None:
    limits = f"/api/v1/namespaces/{lab.name}/limitranges"
    lab.queue("wide", maxConcurrent=9)
    lab.queue("narrow", maxConcurrent=1)
    lab.submit("timed-out", queue="narrow", **endless(targets.one), timeoutSeconds=10)
    lab.submit("queued", queue="narrow", **quick(targets.one))
    lab.submit("suspended", queue="wide", **quick(targets.one), suspend=True)
    lab.submit("cancelled", queue="wide", **quick(targets.one), cancel=True)
    failed = lab.submit("failed", queue="wide", **endless(targets.one))
    lab.delete_pod(failed.running()["metadata"]["name"])
    for scan, last in {
        "timed-out": "TimedOut",
        "queued": "Succeeded",
        "suspended": "Suspended",
        "cancelled": "Cancelled",
        "failed": "Failed",
    }.items():
        Scan(lab, scan).reach(last)
    no_node_fits = resource("LimitRange", "no-node-fits", {})
    no_node_fits["spec"] = {
        "limits": [{"type": "Container", "defaultRequest": {"ephemeral-storage": "1000Ti"}}]
    }
    lab.cluster.request("POST", limits, no_node_fits | {"apiVersion": "v1"}).expect()
    lab.submit("starting", queue="wide", **quick(targets.one)).reach("Starting")

    seen = {}
    for event in lab.scanjobs.events():
        job = event.object
        seen[phase(job)] = job
        assert kstatus.compute(job) == _HEALTH[phase(job)], yaml.safe_dump(job)
    assert seen.keys() == _HEALTH.keys(), "not every phase was shown"


@side_by_side
def test_applied_again_changes_nothing(lab: Lab, targets: Targets) -> None:
    manifest = yaml.safe_dump_all(
        [
            resource("ScanQueue", "applied", {"maxConcurrent": 1}),
            resource("ScanJob", "scan", {"queueRef": {"name": "applied"}} | quick(targets.one)),
        ]
    )
    lab.namespace.kubectl("apply", "-f", "-", stdin=manifest)
    scan = Scan(lab, "scan")
    assert phase(scan.finish()) == "Succeeded"
    lab.wait_idle("applied")
    before = [lab.namespace.get("scanqueues", "applied"), scan.latest()]

    said = lab.namespace.kubectl("apply", "-f", "-", stdin=manifest)

    assert said.count("unchanged") == 2, said
    # Had the operator taken it for a change, it would have admitted a ScanJob that comes later.
    later = lab.submit("later", queue="applied", **quick(targets.one))
    assert phase(later.finish()) == "Succeeded"
    assert scan.latest() == before[1]
    queue = lab.namespace.get("scanqueues", "applied")
    assert queue["metadata"]["generation"] == before[0]["metadata"]["generation"]


@side_by_side
def test_applied_before_its_queue(lab: Lab, targets: Targets) -> None:
    scan = lab.submit("scan", queue="later", **quick(targets.one))
    waiting = scan.reach("Queued")
    assert condition(waiting, "Reconciling", "reason") == "QueueNotFound"
    assert "later" in condition(waiting, "Reconciling", "message")

    lab.queue("later", maxConcurrent=1)

    ended = scan.finish()
    assert phase(ended) == "Succeeded"
    assert open_ports(ended) == {targets.one: OPEN_TCP}


@side_by_side
def test_kubectl_waits_for_any_outcome(lab: Lab, targets: Targets) -> None:
    """`kubectl wait` blocks while the scan runs and returns as soon as it has ended."""
    lab.queue("wide", maxConcurrent=5)
    lab.submit("good", queue="wide", **paced(targets.one, seconds=6))
    lab.submit("bad", queue="wide", **endless(targets.one), timeoutSeconds=6)
    endless_scan = lab.submit("endless", queue="wide", **endless(targets.one))

    started = time.monotonic()
    lab.namespace.kubectl(
        "wait", "--for=condition=Finished", "scanjob/good", "scanjob/bad", "--timeout=90s"
    )
    assert time.monotonic() - started > 4, "it did not wait for the scans to end"

    assert [phase(Scan(lab, name).latest()) for name in ("good", "bad")] == [
        "Succeeded",
        "TimedOut",
    ]
    assert _waits_in_vain(lab, "scanjob/endless")
    endless_scan.change(cancel=True)
    lab.namespace.kubectl("wait", "--for=condition=Finished", "scanjob/endless", "--timeout=90s")
    lab.namespace.kubectl("wait", "--for=condition=Succeeded", "scanjob/good", "--timeout=5s")
    lab.namespace.kubectl("wait", "--for=condition=Ready", "scanjob/good", "--timeout=5s")
    lab.namespace.kubectl("wait", "--for=condition=Stalled", "scanjob/bad", "--timeout=5s")


def _waits_in_vain(lab: Lab, name: str) -> bool:
    done: subprocess.CompletedProcess[str] = lab.cluster.try_kubectl(
        f"--namespace={lab.name}", "wait", "--for=condition=Finished", name, "--timeout=2s"
    )
    return done.returncode != 0 and "timed out" in done.stderr
