"""What a queue says about the Pods of its scans, and what it may not."""

from __future__ import annotations

from typing import Any, Final

from tests.cluster.settings import FAILING_NODE_TAINT
from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import quick
from tests.support.targets import Targets
from tests.support.told import wait_told

_TOLERATED: Final = {"key": FAILING_NODE_TAINT, "operator": "Exists"}


@side_by_side
def test_a_queue_says_where_its_scans_run_and_with_how_much(lab: Lab, targets: Targets) -> None:
    """On the node that is kept for tests of failing nodes."""
    node = _tainted_node(lab)
    resources = {
        "requests": {"cpu": "10m", "memory": "32Mi"},
        "limits": {"cpu": 1, "memory": "256Mi"},
    }
    template: dict[str, Any] = {"nodeSelector": {"kubernetes.io/hostname": node}}
    lab.queue("placed", podTemplate=template)
    scan = lab.submit("scan", queue="placed", **quick(targets.one))
    wait_told(scan, "Unschedulable", "untolerated taint", "the queue's podTemplate")

    lab.change_queue("placed", podTemplate={"tolerations": [_TOLERATED], "resources": resources})
    scan.change(suspend=True)
    scan.reach("Suspended")
    scan.change(suspend=False)
    ended = scan.finish()
    assert phase(ended) == "Succeeded"
    assert attempts(ended)[-1]["nodeName"] == node
    (container,) = scan.pod_events()[-1].object["spec"]["containers"]
    assert container["resources"]["requests"] == resources["requests"]
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "256Mi"}


@side_by_side
def test_a_priority_class_that_is_not_allowed_closes_the_queue_until_it_is_changed(
    lab: Lab, targets: Targets
) -> None:
    lab.queue("urgent", podTemplate={"priorityClassName": "system-cluster-critical"})
    scan = lab.submit("scan", queue="urgent", **quick(targets.one))
    wait_told(scan, "PodRefused", "priorityClassName system-cluster-critical is not one that")
    told = eventually(
        lambda: _ready(lab.namespace.get("scanqueues", "urgent")),
        lambda ready: ready.get("reason") == "InvalidPodTemplate",
        seconds=30,
    )
    assert "scanner.allowedPriorityClasses" in told["message"]
    lab.change_queue("urgent", podTemplate=None)
    ended = scan.finish()
    assert phase(ended) == "Succeeded"
    assert len(attempts(ended)) == 1, "none was begun in vain"


def _tainted_node(lab: Lab) -> str:
    nodes = lab.cluster.request("GET", "/api/v1/nodes").expect()["items"]
    tainted = (
        node["metadata"]["name"]
        for node in nodes
        if any(t["key"] == FAILING_NODE_TAINT for t in node["spec"].get("taints") or ())
    )
    return str(next(tainted))


def _ready(queue: dict[str, Any]) -> dict[str, Any]:
    conditions = (queue.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item["type"] == "Ready"), {})
