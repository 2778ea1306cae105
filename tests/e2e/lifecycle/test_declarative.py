"""What people and pipelines rely on: apply again, any order, `kubectl wait`, kstatus."""

from __future__ import annotations

import subprocess
import time
from typing import Final

import yaml

from tests.cluster.settings import REPOSITORY
from tests.support import kstatus
from tests.support.nodeless import let_no_node_fit
from tests.support.scans import Lab, Scan, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import ONCE, endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets

EXAMPLES: Final = REPOSITORY / "examples"

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
    lab.queue("wide", maxConcurrent=9)
    lab.queue("narrow", maxConcurrent=1)
    lab.submit("timed-out", queue="narrow", **endless(targets.one), timeoutSeconds=25)
    lab.submit("queued", queue="narrow", **quick(targets.one))
    lab.submit("suspended", queue="wide", **quick(targets.one), suspend=True)
    lab.submit("cancelled", queue="wide", **quick(targets.one), cancel=True)
    failed = lab.submit("failed", queue="wide", **endless(targets.one), **ONCE)
    lab.delete_pod(failed.running()["metadata"]["name"])
    for scan, last in {
        "timed-out": "TimedOut",
        "queued": "Succeeded",
        "suspended": "Suspended",
        "cancelled": "Cancelled",
        "failed": "Failed",
    }.items():
        Scan(lab, scan).reach(last)
    let_no_node_fit(lab)
    lab.submit("starting", queue="wide", **quick(targets.one)).reach("Starting")

    seen = {}
    for event in lab.scanjobs.events():
        job = event.object
        seen[phase(job)] = job
        assert kstatus.compute(job) == _HEALTH[phase(job)], yaml.safe_dump(job)
    assert seen.keys() == _HEALTH.keys(), "not every phase was shown"


@side_by_side
def test_examples_applied_again_change_nothing(lab: Lab, targets: Targets) -> None:
    manifest = _examples(targets)
    lab.namespace.kubectl("apply", "-f", "-", stdin=manifest)
    for name in _versions(lab, "scanjobs"):
        assert phase(Scan(lab, name).finish(seconds=200)) == "Succeeded"
    queues = _versions(lab, "scanqueues")
    for name in queues:
        lab.wait_idle(name)
    before = _versions(lab, "scanjobs")
    assert len(before) >= 6

    said = lab.namespace.kubectl("apply", "-f", "-", stdin=manifest)

    assert said.count(" unchanged") == len(before) + len(queues), said
    # Had the operator seen a change, it would have acted on it before this later one.
    lab.submit("later", **quick(targets.one)).finish()
    after = _versions(lab, "scanjobs")
    assert {name: after[name] for name in before} == before


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
    lab.submit("bad", queue="wide", **endless(targets.one), timeoutSeconds=25)
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


def _examples(targets: Targets) -> str:
    """All that stands in examples/, aimed at our targets instead of the demo's."""
    text = "---\n".join(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))
    for name, address in zip(("web", "ssh", "dns"), targets.addresses, strict=False):
        text = text.replace(f"target-{name}.scanyard-demo.svc", address)
    assert "scanyard-demo" not in text
    return text


def _versions(lab: Lab, plural: str) -> dict[str, str]:
    """The resourceVersion of each object, by name."""
    items = lab.cluster.request("GET", lab.namespace.path(plural)).expect()["items"]
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}


def _waits_in_vain(lab: Lab, name: str) -> bool:
    done: subprocess.CompletedProcess[str] = lab.cluster.try_kubectl(
        f"--namespace={lab.name}", "wait", "--for=condition=Finished", name, "--timeout=2s"
    )
    return done.returncode != 0 and "timed out" in done.stderr
