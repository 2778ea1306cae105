"""Argo CD's buttons on an API server: what they send is accepted, and is what was meant."""

from __future__ import annotations

from typing import Any, Final

import pytest

from scanyard.lifecycle.job import read_job
from tests.support import argocd
from tests.support.kube import Namespace
from tests.support.played_operator import PlayedOperator
from tests.support.resources import scan_job, scan_queue


@pytest.fixture
def operator(namespace: Namespace) -> PlayedOperator:
    return PlayedOperator(namespace)


_STATES: Final = ("new", "queued", "running", "succeeded", "failed", "cancelled", "suspended")
_OFFERED: Final = {
    "new": {"cancel", "suspend"},
    "queued": {"cancel", "suspend"},
    "running": {"cancel", "suspend"},
    "succeeded": {"rerun"},
    "failed": {"rerun"},
    "cancelled": {"rerun"},
    "suspended": {"cancel", "resume"},
}


def _bring_to(state: str, operator: PlayedOperator) -> dict[str, Any]:
    """A ScanJob in that state, as the API server tells it."""
    namespace = operator.namespace
    spec = {"suspend": True} if state == "suspended" else {}
    namespace.create("scanjobs", scan_job("scan", rerunToken="first", **spec)).expect()
    if state == "queued":
        operator.queued("scan")
    if state in {"running", "succeeded", "failed", "cancelled"}:
        operator.running("scan")
    if state == "succeeded":
        operator.succeeded("scan")
    if state == "failed":
        operator.failed("scan", "ScannerError", "nmap ended with 1")
    if state == "cancelled":
        namespace.patch("scanjobs", "scan", {"spec": {"cancel": True}}).expect()
        operator.cancelled("scan")
    return namespace.get("scanjobs", "scan")


@pytest.mark.parametrize("state", _STATES)
def test_each_button_of_a_scan_job(
    namespace: Namespace, operator: PlayedOperator, state: str
) -> None:
    job = _bring_to(state, operator)
    offered = {name for name, words in argocd.actions(job).items() if not words["disabled"]}
    assert offered == _OFFERED[state]
    for name in argocd.actions(job):
        patch = argocd.patch_of_action(job, name)
        assert bool(patch) == (name in offered)
        path = namespace.path("scanjobs", "scan")
        reply = namespace.cluster.request(
            "PATCH",
            path,
            patch,
            content_type="application/merge-patch+json",
            dryRun="All",
            fieldValidation="Strict",
        )
        after = reply.expect()
        assert after["spec"] == job["spec"] | patch.get("spec", {})


def test_what_a_button_cancelled_runs_again_by_another(
    namespace: Namespace, operator: PlayedOperator
) -> None:
    job = _bring_to("running", operator)
    assert _press(namespace, job, "cancel") == {"cancel": True}
    operator.cancelled("scan")
    cancelled = namespace.get("scanjobs", "scan")
    assert argocd.health(cancelled).status == "Degraded"

    sent = _press(namespace, cancelled, "rerun")

    assert sent == {"cancel": False, "rerunToken": "argocd-2"}
    again = namespace.get("scanjobs", "scan")
    assert read_job(again).rerun_wanted
    assert argocd.health(again).status == "Progressing"
    # Who looked at the same version has asked for the same run.
    assert _press(namespace, cancelled, "rerun") == sent
    assert namespace.get("scanjobs", "scan")["metadata"]["generation"] == 3
    operator.running("scan")
    operator.succeeded("scan")
    done = namespace.get("scanjobs", "scan")
    assert argocd.health(done).status == "Healthy"
    assert _press(namespace, done, "rerun") == {"rerunToken": "argocd-3"}


def test_suspend_and_resume(namespace: Namespace, operator: PlayedOperator) -> None:
    job = _bring_to("running", operator)
    assert _press(namespace, job, "suspend") == {"suspend": True}
    suspended = namespace.get("scanjobs", "scan")
    assert _press(namespace, suspended, "resume") == {"suspend": False}
    assert namespace.get("scanjobs", "scan")["spec"] == job["spec"]


def test_the_buttons_of_a_scan_queue(namespace: Namespace) -> None:
    namespace.create("scanqueues", scan_queue("default")).expect()
    for name, policy in {"hold": "Hold", "drain": "HoldAndDrain", "release": "None"}.items():
        queue = namespace.get("scanqueues", "default")
        assert argocd.actions(queue)[name]["disabled"] is False
        patch = argocd.patch_of_action(queue, name)
        assert patch == {"spec": {"stopPolicy": policy}}
        after = namespace.patch("scanqueues", "default", patch).expect()
        assert after["spec"]["stopPolicy"] == policy
        assert argocd.actions(after)[name]["disabled"] is True


def _press(namespace: Namespace, job: dict[str, Any], name: str) -> dict[str, Any]:
    """Press it, having looked at that version; the spec of the patch."""
    patch = argocd.patch_of_action(job, name)
    namespace.patch("scanjobs", "scan", patch).expect()
    spec: dict[str, Any] = patch["spec"]
    return spec
