"""A release from install to uninstall: hooks, Redis, the password, queues."""

from __future__ import annotations

import json

from tests.e2e.chart.conftest import NAME, Release
from tests.support.installation import RELEASE
from tests.support.kube import eventually
from tests.support.scans import Lab, phase
from tests.support.specs import quick
from tests.support.targets import Targets

HOOK_KINDS = "jobs,serviceaccounts,roles,rolebindings"
#: The operator's account and that of `helm test`, which are no hooks.
ACCOUNTS = {
    "serviceaccount/default",
    f"serviceaccount/{NAME}",
    f"serviceaccount/{NAME}-test",
    f"role.rbac.authorization.k8s.io/{NAME}-test",
    f"rolebinding.rbac.authorization.k8s.io/{NAME}-test",
}


def test_the_pods_run_where_restricted_is_enforced(release: Release) -> None:
    release.kubectl("rollout", "status", f"deployment/{NAME}-redis", "--timeout=120s")
    pods = eventually(
        lambda: json.loads(release.kubectl("get", "pods", "--output=json"))["items"],
        lambda found: len(found) == 3,
    )
    reasons = {
        condition.get("reason")
        for pod in pods
        for condition in pod["status"]["conditions"]
        if "redis" not in pod["metadata"]["name"]
    }
    assert "Unschedulable" in reasons, "the operator's Pods were admitted and wait for a node"


def test_the_default_queues_are_there(release: Release) -> None:
    assert release.names("scanqueues") == {
        f"scanqueue.scanyard.dev/{name}" for name in ("default", "high-priority", "low-priority")
    }


def test_nothing_of_the_set_up_is_left(release: Release) -> None:
    assert release.names(HOOK_KINDS) == ACCOUNTS


def test_its_policies_leave_the_attempts_of_the_release_that_leads_alone(
    release: Release, lab: Lab, targets: Targets
) -> None:
    policies = json.loads(release.kubectl("get", "validatingadmissionpolicies", "--output=json"))
    names = {item["metadata"]["name"] for item in policies["items"]}
    assert {f"{NAME}-attempts", f"{RELEASE}-attempts"} <= names
    lab.queue()
    assert phase(lab.submit("scan", **quick(targets.one)).finish()) == "Succeeded"


def test_redis_asks_for_the_password(release: Release) -> None:
    asked = release.kubectl("exec", f"deployment/{NAME}-redis", "--", "redis-cli", "ping")
    assert "NOAUTH" in asked


def test_upgrades_keep_the_password_and_show_what_became_of_queues(release: Release) -> None:
    before = release.secret()
    release.kubectl(
        "patch", "scanqueue/default", "--type=merge", "--field-manager=kubectl-edit",
        "--patch", '{"spec": {"maxConcurrent": 8}}',
    )  # fmt: skip
    printed = release.install(commonLabels={"upgraded": "yes"})
    assert release.secret() == before
    assert "maxConcurrent stays 8" in printed
    assert f"{release.namespace}/low-priority: applied" in printed
    assert release.names(HOOK_KINDS) == ACCOUNTS


def test_a_reinstallation_finds_its_password_and_queues_again(release: Release) -> None:
    before = release.secret()
    release.run("uninstall", "trial", "--wait")
    assert release.names("deployments,services,serviceaccounts,configmaps,networkpolicies") == {
        "serviceaccount/default",
        "configmap/kube-root-ca.crt",
    }
    assert len(release.names("scanqueues")) == 3
    release.install()
    assert release.secret() == before
