"""A Pod that finds no node or no image says why, and goes on once that is mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.handover import attempts
from tests.support.kube import Cluster
from tests.support.scans import Lab, Scan, condition, phase
from tests.support.specs import quick
from tests.support.targets import Targets
from tests.support.told import wait_told

_NO_IMAGE = "registry.invalid/scanyard/scanner:none"
#: The kubelet cannot even ask for it.
_NO_NAME = "scanyard/scanner:none:none"


def test_no_node_and_no_image(lab: Lab, targets: Targets) -> None:
    lab.queue("two", maxConcurrent=2)
    with _cordoned(lab.cluster):
        homeless = lab.submit("homeless", queue="two", **quick(targets.one))
        imageless = lab.submit("imageless", queue="two", **quick(targets.one))
        for scan in (homeless, imageless):
            wait_told(scan, "Unschedulable", "nodes are available", "scanner.resources")
        # The operator's setting for the image is everybody's; a Pod's own can be changed, too.
        right = _set_image(imageless, _NO_IMAGE)

    assert phase(homeless.finish()) == "Succeeded"
    wait_told(imageless, "ImagePull", _NO_IMAGE, "scanner.image", seconds=90)
    assert phase(imageless.latest()) == "Starting"

    _set_image(imageless, right)
    assert phase(imageless.finish(seconds=120)) == "Succeeded"
    assert len(attempts(imageless.latest())) == 1


def test_image_that_no_attempt_can_get(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    retry = {"maxAttempts": 2, "backoffSeconds": 1, "maxBackoffSeconds": 1}
    with _cordoned(lab.cluster):
        scan = lab.submit(
            "scan", queue="one", **quick(targets.one), startDeadlineSeconds=25, retry=retry
        )
        wait_told(scan, "Unschedulable", "nodes are available")
        _set_image(scan, _NO_NAME)
    wait_told(scan, "ImagePull", _NO_NAME)

    with _cordoned(lab.cluster):
        wait_told(scan, "RetryBackoff", "attempt 1 of 2 failed (ImagePull)", seconds=90)
        second = scan.wait(lambda job: len(attempts(job)) == 2, "is admitted again")
        scan.wait_pod(lambda event: event.name == attempts(second)[1]["podName"], "is there")
        _set_image(scan, _NO_NAME)

    ended = scan.finish(seconds=120)
    assert phase(ended) == "Failed"
    assert [each["reason"] for each in attempts(ended)] == ["ImagePull", "ImagePull"]
    told = condition(ended, "Succeeded", "message")
    assert told.startswith("attempt 2 of 2: ")
    assert _NO_NAME in told
    scan.wait_until_pods_are_gone(seconds=60)
    lab.wait_idle("one")


@contextmanager
def _cordoned(cluster: Cluster) -> Iterator[None]:
    """No node takes new Pods."""
    cluster.kubectl("cordon", "--selector=kubernetes.io/os")
    try:
        yield
    finally:
        cluster.kubectl("uncordon", "--selector=kubernetes.io/os")


def _set_image(scan: Scan, image: str) -> str:
    """Give the scan's Pod another image; returns the one before."""
    name = attempts(scan.latest())[-1]["podName"]
    pods = {pod["metadata"]["name"]: pod for pod in scan.lab.list_pods()}
    before: str = pods[name]["spec"]["containers"][0]["image"]
    scan.lab.namespace.kubectl("set", "image", f"pod/{name}", f"scanner={image}")
    return before
