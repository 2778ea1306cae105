"""The operator keeps the NetworkPolicies of queues on a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanyard.api import names
from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import make_node
from tests.support.control_plane import ControlPlane
from tests.support.kube import MERGE_PATCH, Cluster, eventually
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab

_POLICIES = "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server of these tests' own, and operators that are to keep NetworkPolicies."""
    directory = tmp_path_factory.mktemp
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SCANYARD_NETWORK_POLICY_PER_QUEUE", "true")
        with (
            ControlPlane(directory("control-plane")) as control_plane,
            RedisServer(directory("redis")) as redis,
            Replicas(directory("replicas"), control_plane.cluster, redis.url, lease_seconds=10),
        ):
            make_node(control_plane.cluster)
            yield control_plane.cluster


def test_a_policy_follows_its_queue_and_is_written_only_when_it_differs(cluster: Cluster) -> None:
    with Lab(cluster) as lab:
        lab.queue("office", scope={"allow": ["10.20.0.0/16"], "deny": ["10.20.0.1"]})
        policy = _wait(lab, {"cidr": "10.20.0.0/16", "except": ["10.20.0.1/32"]})
        (owner,) = policy["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("ScanQueue", "office")
        assert policy["metadata"]["labels"][names.LABEL_MANAGED_BY] == "scanyard"
        told = lab.wait_queue("office", lambda status: bool(_complete(status)))
        assert (_complete(told)["status"], _complete(told)["reason"]) == ("True", "Written")

        lab.change_queue("office", maxConcurrent=9)
        lab.wait_queue("office", lambda status: status.get("observedGeneration") == 2)
        assert _version(_only(lab)) == _version(policy), "nothing of it has changed"

        lab.change_queue("office", scope={"allow": ["10.30.0.0/16"], "deny": None})
        changed = _wait(lab, {"cidr": "10.30.0.0/16"})
        assert "10.20.0.0" not in str(changed["spec"])


def test_a_queue_of_names_says_that_its_policy_is_wider(cluster: Cluster) -> None:
    with Lab(cluster) as lab:
        lab.queue("names", scope={"allow": ["*.example.com"]})
        told = lab.wait_queue("names", lambda status: bool(_complete(status)))
        assert (_complete(told)["status"], _complete(told)["reason"]) == ("False", "ByAddress")
        path = f"{_POLICIES.format(lab.name)}/{_only(lab)['metadata']['name']}"
        foreign = {"metadata": {"labels": {"team": "a"}}}
        cluster.request("PATCH", path, foreign, content_type=MERGE_PATCH).expect()
        lab.change_queue("names", scope={"allow": ["10.0.0.0/8"]})
        assert _wait(lab, {"cidr": "10.0.0.0/8"})["metadata"]["labels"]["team"] == "a"


def _wait(lab: Lab, block: dict[str, Any]) -> dict[str, Any]:
    """The queue's policy, once it has that block."""

    def found() -> dict[str, Any]:
        policies = _policies(lab)
        return policies[0] if policies else {}

    return eventually(found, lambda policy: {"ipBlock": block} in _blocks(policy), seconds=60)


def _blocks(policy: dict[str, Any]) -> list[dict[str, Any]]:
    rules = (policy.get("spec") or {}).get("egress") or ()
    return [block for rule in rules for block in rule["to"]]


def _policies(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.cluster.request("GET", _POLICIES.format(lab.name)).expect()[
        "items"
    ]
    return found


def _only(lab: Lab) -> dict[str, Any]:
    (policy,) = _policies(lab)
    return policy


def _version(policy: dict[str, Any]) -> str:
    return str(policy["metadata"]["resourceVersion"])


def _complete(status: Any) -> dict[str, Any]:
    conditions = status.get("conditions") or ()
    return next((item for item in conditions if item["type"] == "NetworkPolicyComplete"), {})
