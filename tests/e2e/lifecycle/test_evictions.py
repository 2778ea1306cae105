"""Others take a scan's Pod away: the scheduler for a more important one, the kubelet to make room.

An eviction through the API, as by `kubectl drain`, is in test_retries.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kubernetes.utils import parse_quantity

from tests.support.handover import (
    assert_slot_was_handed_over,
    assert_stopped_before,
    attempts,
)
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, open_ports, phase
from tests.support.side_by_side import begins_first, side_by_side
from tests.support.specs import endless, paced, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import wait_told

#: The causes are the default ones.
_SOON: Final = {"maxAttempts": 2, "backoffSeconds": 1, "maxBackoffSeconds": 1}
_FAR: Final = {"backoffSeconds": 86_400, "maxBackoffSeconds": 86_400}
#: Of a node's disk; two that ask for so much do not fit, and no other Pod asks for any.
_SHARE: Final = 0.6
#: The kubelet measures volumes once a minute.
_MEASURED_SECONDS: Final = 150.0


@side_by_side
def test_pod_preempted_by_a_more_important_one(lab: Lab, targets: Targets) -> None:
    _let_only_one_fit(lab)
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **paced(targets.one, seconds=15), retry=_SOON)
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    scan.reach("Running")

    with _more_important_pod(lab, scan.running()["spec"]["nodeName"]):
        wait_told(scan, "RetryBackoff", "attempt 1 of 2 failed (Preempted)")

    again = scan.wait(lambda job: len(attempts(job)) == 2, "is admitted again")
    assert_stopped_before(scan, again)
    assert_slot_was_handed_over(scan, successor)
    ended = scan.finish(seconds=120)
    assert phase(ended) == "Succeeded"
    assert [each["reason"] for each in attempts(ended)] == ["Preempted", "ScanComplete"]
    assert ended["status"]["failures"] == 1
    assert open_ports(ended) == {targets.one: OPEN_TCP}
    assert phase(successor.finish()) == "Succeeded"
    lab.wait_idle("one")


@side_by_side
@begins_first
def test_pod_evicted_by_its_kubelet(lab: Lab, targets: Targets) -> None:
    """It has filled its volume."""
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **endless(targets.one), retry=_FAR)
    scan.reach("Running")
    _fill_its_volume(scan)

    told = wait_told(
        scan, "RetryBackoff", "failed (Evicted)", "exceeds the limit", seconds=_MEASURED_SECONDS
    )

    assert [each["reason"] for each in attempts(told)] == ["Evicted"]
    assert told["status"]["failures"] == 1
    assert_stopped_before(scan, told)
    successor = lab.submit("successor", queue="one", **quick(targets.one))
    assert_slot_was_handed_over(scan, successor)
    assert phase(successor.finish()) == "Succeeded"


def _let_only_one_fit(lab: Lab) -> None:
    """Containers ask for most of a node's disk."""
    share = str(int(min(_disks(lab).values()) * _SHARE))
    limits = [{"type": "Container", "defaultRequest": {"ephemeral-storage": share}}]
    body = {"metadata": {"name": "only-one-fits"}, "spec": {"limits": limits}}
    lab.cluster.request("POST", f"/api/v1/namespaces/{lab.name}/limitranges", body).expect()


@contextmanager
def _more_important_pod(lab: Lab, node: str) -> Iterator[None]:
    """A Pod of a higher priority class that needs the same node's disk."""
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    name = f"test-{lab.name}"
    body: dict[str, Any] = {"metadata": {"name": name}, "value": 1000}
    lab.cluster.request("POST", classes, body).expect()
    container = {"name": "important", "image": "registry.k8s.io/pause:3.10.1"}
    spec = {
        "priorityClassName": name,
        "nodeSelector": {"kubernetes.io/hostname": node},
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
    }
    pod = {"metadata": {"name": "important"}, "spec": spec}
    try:
        pods = f"/api/v1/namespaces/{lab.name}/pods"
        # The API server's own cache may not know the class yet.
        made = eventually(
            lambda: lab.cluster.request("POST", pods, pod),
            lambda reply: "no PriorityClass" not in reply.message,
            seconds=30,
        )
        made.expect()
        yield
        lab.delete_pod("important")
    finally:
        lab.cluster.request("DELETE", f"{classes}/{name}")


def _disks(lab: Lab) -> dict[str, float]:
    """What each node has for Pods, in bytes."""
    nodes = lab.cluster.request("GET", "/api/v1/nodes").expect()["items"]
    return {
        node["metadata"]["name"]: float(
            parse_quantity(node["status"]["allocatable"]["ephemeral-storage"])
        )
        for node in nodes
    }


def _fill_its_volume(scan: Scan) -> None:
    """More than the 64 MiB that it may hold."""
    pod = scan.running()
    here = pod["spec"]["containers"][0]["workingDir"]
    write = ["head", "--bytes=80M", "/dev/zero"]
    scan.lab.namespace.kubectl(
        *("exec", pod["metadata"]["name"], "--", "sh", "-c"),
        f"{' '.join(write)} > {here}/too-much",
    )
