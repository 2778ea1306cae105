"""What people and pipelines rely on: apply again, any order, `kubectl wait`, kstatus."""

from __future__ import annotations

import subprocess
import time
from typing import Any, Final

import yaml

from tests.cluster.settings import REPOSITORY
from tests.support import argocd, flux, kstatus
from tests.support.every_phase import PHASES, come_to_every_phase
from tests.support.scans import Lab, Scan, condition, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets

EXAMPLES: Final = REPOSITORY / "examples"

#: What kstatus, and Flux by our expressions, must make of each phase, and Argo CD by our script;
#: everything that Scanyard ever shows is judged by it.
_HEALTH: Final[dict[str, tuple[kstatus.Status, str]]] = {
    "Pending": ("InProgress", "Progressing"),
    "Queued": ("InProgress", "Progressing"),
    "Starting": ("InProgress", "Progressing"),
    "Running": ("InProgress", "Progressing"),
    "Succeeded": ("Current", "Healthy"),
    "Failed": ("Failed", "Degraded"),
    "TimedOut": ("Failed", "Degraded"),
    "Cancelled": ("Failed", "Degraded"),
    # Nobody must wait for what a person has suspended; Argo CD has a word for it.
    "Suspended": ("Current", "Suspended"),
}
#: Of a version of the spec that the operator has not seen yet.
_NOT_SEEN: Final = ("InProgress", "Progressing")


@side_by_side
def test_every_phase_is_read_right_by_gitops_tools(lab: Lab, targets: Targets) -> None:
    come_to_every_phase(lab, targets)
    seen = set()
    for event in lab.scanjobs.events():
        job = event.object
        seen.add(phase(job))
        is_seen = job["status"]["observedGeneration"] == job["metadata"]["generation"]
        wanted, on_the_tile = _HEALTH[phase(job)] if is_seen else _NOT_SEEN
        assert kstatus.compute(job) == wanted, yaml.safe_dump(job)
        assert flux.compute(job) == wanted, yaml.safe_dump(job)
        assert argocd.health(job).status == on_the_tile, yaml.safe_dump(job)
    assert seen == _HEALTH.keys() == PHASES, "not every phase was shown"


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
    lab.namespace.kubectl("diff", "-f", "-", stdin=manifest)
    # By another way; that moves kubectl's own notes and the record of who set what, nothing else.
    on_the_server = ("--server-side", "--force-conflicts", "-f", "-")
    told = _told(lab)
    lab.namespace.kubectl("apply", *on_the_server, stdin=manifest)
    lab.namespace.kubectl("diff", *on_the_server, stdin=manifest)
    lab.namespace.kubectl("apply", *on_the_server, stdin=manifest)
    assert _told(lab) == told


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


def _told(lab: Lab) -> list[tuple[str, int, Any]]:
    """Of each ScanJob its name, generation and status."""
    items = lab.cluster.request("GET", lab.namespace.path("scanjobs")).expect()["items"]
    return [
        (item["metadata"]["name"], item["metadata"]["generation"], item["status"]) for item in items
    ]


def _waits_in_vain(lab: Lab, name: str) -> bool:
    done: subprocess.CompletedProcess[str] = lab.cluster.try_kubectl(
        f"--namespace={lab.name}", "wait", "--for=condition=Finished", name, "--timeout=2s"
    )
    return done.returncode != 0 and "timed out" in done.stderr
