"""`scanyard stop` ends every scan and fails none, with and without an operator and its Redis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.support.audit_watch import Audit
from tests.support.command_line import Run
from tests.support.handover import attempts
from tests.support.installation import NAMESPACE, RELEASE, Installation
from tests.support.kube import Cluster, eventually
from tests.support.operator_process import OperatorProcess
from tests.support.scans import Lab, Scan, condition, phase, scanner_end
from tests.support.specs import paced, quick
from tests.support.targets import Targets
from tests.support.told import message, reason
from tests.support.watching import Object

_OPERATOR: Final = RELEASE
_REDIS: Final = f"{RELEASE}-redis"
#: A returned operator gives the slot of a Pod that it never saw back after grace and slack (70 s).
_SECONDS: Final = 240.0


@dataclass(slots=True)
class Aftermath:
    """What has to succeed by itself once the stop is lifted: for that nobody waits in between."""

    cluster: Cluster
    labs: ExitStack
    scans: list[Scan] = field(default_factory=list)

    def lab(self) -> Lab:
        """A namespace that outlives the test."""
        return self.labs.enter_context(Lab(self.cluster))


@pytest.fixture(scope="module")
def aftermath(cluster: Cluster) -> Iterator[Aftermath]:
    """Of all tests here, for the last of them."""
    with ExitStack() as labs:
        yield Aftermath(cluster, labs)


@pytest.mark.parametrize(
    ("deployment", "lifted"), [(_OPERATOR, "meanwhile"), (_REDIS, "afterwards")]
)
def test_it_needs_neither_operator_nor_redis(
    deployment: str,
    lifted: str,
    aftermath: Aftermath,
    targets: Targets,
    scanyard: Run,
    operator: OperatorProcess,
    installation: Installation,
) -> None:
    lab = aftermath.lab()
    running, waiting = _fill(lab, targets)
    operator.wait_ready()
    with _without(installation, deployment):
        printed = scanyard("stop", "--all", "--namespace", lab.name)
        assert _live_pods(lab) == []
        assert "No scan runs any more: the last of 3 stopped at " in printed
        assert ("has not confirmed" in printed) is (deployment == _OPERATOR)
        if lifted == "meanwhile":
            scanyard("stop", "--lift", "--namespace", lab.name)
    operator.wait_ready()
    if lifted == "afterwards":
        assert _live_pods(lab) == []
        scanyard("stop", "--lift", "--namespace", lab.name)
    aftermath.scans += [*running, *waiting]


def test_it_ends_all_scans_and_after_it_is_lifted_all_of_them_succeed(
    lab: Lab, targets: Targets, scanyard: Run, operator: OperatorProcess
) -> None:
    operator.wait_ready()
    with Audit(lab) as audit:
        running, waiting = _fill(lab, targets)

        printed = scanyard("stop", "--all", "--namespace", lab.name)

        assert _live_pods(lab) == []
        assert "No scan runs any more: the last of 3 stopped at " in printed
        assert "has not confirmed" not in printed
        for scan in running:
            back = scan.wait(_waits_again, "waits again", seconds=30)
            assert attempts(back)[0]["reason"] == "EmergencyStop"
        for scan in waiting:
            told = scan.wait(lambda job: reason(job) == "QueueHeld", "is held", seconds=30)
            assert "scanyard stop --lift" in message(told)
        for queue in ("wide", "narrow"):
            lab.wait_queue(queue, _is_stopped)
        late = lab.submit("late", queue="wide", **paced(targets.one, seconds=5))
        late.wait(lambda job: reason(job) == "QueueHeld", "is held", seconds=30)
        assert _live_pods(lab) == []

        scanyard("stop", "--lift", "--namespace", lab.name)

        _all_succeed([*running, *waiting, late])
        assert audit.verdict().violations == []
    for scan in running:
        assert [each["number"] for each in attempts(scan.latest())] == [1, 2]
    for scan in waiting:
        assert len(attempts(scan.latest())) == 1


def test_all_of_them_succeed_after_it_was_lifted(aftermath: Aftermath) -> None:
    assert aftermath.scans, "this is about the tests before it"
    _all_succeed(aftermath.scans)


@contextmanager
def _without(installation: Installation, deployment: str) -> Iterator[None]:
    """A Deployment scaled to nothing, until it is back and ready."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{deployment}"
    replicas = installation.cluster.request("GET", path).expect()["spec"]["replicas"]
    installation.kubectl("scale", f"deployment/{deployment}", "--replicas=0")
    try:
        eventually(
            lambda: installation.cluster.request("GET", path).expect()["status"].get("replicas"),
            lambda left: not left,
            seconds=60,
        )
        yield
    finally:
        installation.kubectl("scale", f"deployment/{deployment}", f"--replicas={replicas}")
        installation.kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=2m")


def _fill(lab: Lab, targets: Targets) -> tuple[list[Scan], list[Scan]]:
    """Two queues that are full: three scans that run, and two that wait."""
    spec = paced(targets.one, seconds=30)
    lab.queue("wide", maxConcurrent=2)
    lab.queue("narrow", maxConcurrent=1)
    running = [lab.submit(f"runs-{n}", queue="wide", **spec) for n in range(2)]
    running.append(lab.submit("runs-2", queue="narrow", **spec))
    for scan in running:
        scan.reach("Running")
    soon_done = quick(targets.one)
    waiting = [
        lab.submit(f"waits-{queue}", queue=queue, **soon_done) for queue in ("wide", "narrow")
    ]
    for scan in waiting:
        scan.reach("Queued")
    return running, waiting


def _live_pods(lab: Lab) -> list[str]:
    """Pods of scans whose container has not ended; tombstones never have one."""
    return [
        pod["metadata"]["name"]
        for pod in lab.list_pods()
        if pod["metadata"]["labels"].get("scanyard.dev/role") == "attempt" and not scanner_end(pod)
    ]


def _waits_again(job: Object) -> bool:
    found = attempts(job)
    return phase(job) == "Queued" and bool(found) and "endedAt" in found[-1]


def _is_stopped(status: Mapping[str, Any]) -> bool:
    held = condition({"status": status}, "Held", "reason")
    return held == "EmergencyStop" and status.get("running") == 0


def _all_succeed(scans: Sequence[Scan]) -> None:
    for scan in scans:
        assert phase(scan.finish(seconds=_SECONDS)) == "Succeeded"
        assert {"Failed", "TimedOut", "Cancelled"}.isdisjoint(scan.phases())
    for lab in {scan.lab.name: scan.lab for scan in scans}.values():
        for queue in ("wide", "narrow"):
            lab.wait_idle(queue)
