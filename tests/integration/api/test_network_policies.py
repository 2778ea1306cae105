"""The API server takes the NetworkPolicies of queues, as they are written."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from scanyard.lifecycle.targets.network_policy import policy_for
from scanyard.lifecycle.targets.queue_scope import read_scope
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import DEFAULT_DENIED_NETWORKS
from tests.support.kube import Namespace

_DENY = DenyList.of(ipaddress.ip_network(text) for text in DEFAULT_DENIED_NETWORKS.split(","))


@pytest.mark.parametrize(
    "scope",
    [
        None,
        {"allow": ["10.20.0.0/16", "10.21.0.0-10.21.3.255"], "deny": ["10.20.0.1"]},
        {"allow": ["2001:db8::/32", "64:ff9b::/96"], "deny": ["2001:db8::-2001:db8::ff"]},
        {"allow": ["*.example.com"]},
        {"allow": ["127.0.0.1"]},
        {"allow": [f"10.{n}.0.1-10.{n}.255.254" for n in range(30)]},
        {"allow": [f"10.{n}.0.1-10.{n}.255.254" for n in range(250)]},
    ],
    ids=["none", "v4", "v6", "names", "nothing", "many", "too many"],
)
def test_it_is_accepted_and_stored_as_it_is(
    namespace: Namespace, scope: dict[str, Any] | None
) -> None:
    """Stored otherwise, it would be written again and again."""
    spec = policy_for("team/office", read_scope(scope), _DENY).spec
    assert spec is not None
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "queue", "namespace": namespace.name},
        "spec": spec,
    }
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace.name}/networkpolicies/queue"
    reply = namespace.cluster.request(
        "PATCH",
        path,
        body,
        content_type="application/apply-patch+yaml",
        fieldManager="scanyard",
        force="true",
        fieldValidation="Strict",
        dryRun="All",
    )
    assert reply.expect()["spec"] == spec
