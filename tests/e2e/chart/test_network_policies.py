"""The operator writes the NetworkPolicies of queues with the rights that the chart gives it.

The network of the test cluster does not enforce them.
"""

from __future__ import annotations

from typing import Any

from tests.support.kube import eventually
from tests.support.release import Release
from tests.support.scans import Lab


def test_each_queue_has_one_that_follows_its_scope(installed: Release, lab: Lab) -> None:
    installed.upgrade(flags=["--set=scanner.networkPolicyPerQueue=true"])
    lab.queue("office", scope={"allow": ["198.18.0.0/17", "10.20.0.0/16"], "deny": ["10.20.0.1"]})
    policy = _only(_wait(lab, 1))
    assert policy["metadata"]["ownerReferences"][0]["name"] == "office"
    (rule,) = policy["spec"]["egress"]
    assert {"ipBlock": {"cidr": "10.20.0.0/16", "except": ["10.20.0.1/32"]}} in rule["to"]
    ready = lab.wait_queue("office", lambda status: bool(_told(status)), seconds=30)
    assert (_told(ready)["status"], _told(ready)["reason"]) == ("True", "Written")

    lab.change_queue("office", scope={"allow": ["10.30.0.0/16"], "deny": None})
    eventually(
        lambda: _only(_policies(lab))["spec"]["egress"][0]["to"],
        lambda blocks: {"ipBlock": {"cidr": "10.30.0.0/16"}} in blocks,
        seconds=30,
    )
    lab.cluster.request("DELETE", lab.namespace.path("scanqueues", "office")).expect()
    _wait(lab, 0)


def _policies(lab: Lab) -> list[dict[str, Any]]:
    path = f"/apis/networking.k8s.io/v1/namespaces/{lab.name}/networkpolicies"
    found: list[dict[str, Any]] = lab.cluster.request("GET", path).expect()["items"]
    return found


def _wait(lab: Lab, count: int) -> list[dict[str, Any]]:
    return eventually(lambda: _policies(lab), lambda found: len(found) == count, seconds=60)


def _only(policies: list[dict[str, Any]]) -> dict[str, Any]:
    (policy,) = policies
    return policy


def _told(status: Any) -> dict[str, Any]:
    conditions = status.get("conditions") or ()
    return next((item for item in conditions if item["type"] == "NetworkPolicyComplete"), {})
