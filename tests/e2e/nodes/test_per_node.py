"""How many scans of a queue one node runs."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from tests.cluster.settings import FAILING_NODE_TAINT
from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, phase, scanner_end
from tests.support.side_by_side import side_by_side
from tests.support.specs import paced, quick
from tests.support.targets import Targets
from tests.support.told import wait_told

#: The nodes of the test cluster are two, and one has this taint.
_BOTH_NODES: Final = {"tolerations": [{"key": FAILING_NODE_TAINT, "operator": "Exists"}]}


@side_by_side
def test_no_node_runs_more_scans_of_a_queue_than_it_says(lab: Lab, targets: Targets) -> None:
    lab.queue("spread", maxConcurrent=8, maxConcurrentPerNode=2, podTemplate=_BOTH_NODES)
    spec = paced(targets.one, seconds=30)
    scans = [lab.submit(f"scan-{n}", queue="spread", **spec) for n in range(6)]
    full = eventually(
        lambda: _running_by_node(lab), lambda found: found.total() == 4, seconds=90, every=0.2
    )
    assert sorted(full.values()) == [2, 2]
    waits = next(scan for scan in scans if _unbound(scan))
    wait_told(waits, "Unschedulable", "didn't match pod anti-affinity rules")
    for scan in scans:
        assert phase(scan.finish(seconds=180)) == "Succeeded"
    assert _most_at_once(lab) == 2
    assert all(len(attempts(scan.latest())) == 1 for scan in scans)


@side_by_side
def test_one_that_finds_no_node_waits_again_and_is_no_failure(lab: Lab, targets: Targets) -> None:
    lab.queue("one-each", maxConcurrent=2, maxConcurrentPerNode=1)
    first = lab.submit("first", queue="one-each", **paced(targets.one, seconds=30))
    first.running()
    second = lab.submit(
        "second",
        queue="one-each",
        startDeadlineSeconds=15,
        retry={"maxAttempts": 1},
        **quick(targets.one),
    )
    wait_told(second, "NoNodeFree", "startDeadlineSeconds (15 s) and waits in its queue again")
    ended = second.finish(seconds=120)
    assert phase(ended) == "Succeeded"
    assert "failures" not in ended["status"]
    *before, last = attempts(ended)
    assert {attempt["reason"] for attempt in before} == {"NoNodeFree"}
    assert last["nodeName"] == attempts(first.finish())[-1]["nodeName"]
    assert _most_at_once(lab) == 1


def _running_by_node(lab: Lab) -> Counter[str]:
    pods = lab.list_pods()
    return Counter(
        pod["spec"]["nodeName"]
        for pod in pods
        if pod["spec"].get("nodeName") and pod["status"]["phase"] == "Running"
    )


def _unbound(scan: Scan) -> bool:
    return not any(event.object["spec"].get("nodeName") for event in scan.pod_events())


def _most_at_once(lab: Lab) -> int:
    """The most Pods that a node had at any time, by the recorded events."""
    on: dict[str, str] = {}
    most = 0
    for event in lab.pods.events():
        pod: dict[str, Any] = dict(event.object)
        over = event.type == "DELETED" or scanner_end(pod) is not None
        node = pod["spec"].get("nodeName", "")
        on[event.name] = "" if over else node
        most = max([most, *(Counter(filter(None, on.values())).values())])
    return most
