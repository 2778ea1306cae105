"""A queue's podTemplate: what it changes in a Pod, what it cannot, and one that is not allowed."""

from __future__ import annotations

from typing import Any, Final, cast

import pytest

from scanyard.controller.admission.placement import Standing
from scanyard.controller.admission.waiting_reason import waiting_reason
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanqueue
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.decision import Waiting
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, raw_job, raw_queue
from tests.unit.controller.shell import newer
from tests.unit.controller.test_pods import build

_URGENT: Final = {"podTemplate": {"priorityClassName": "urgent"}}


def context_of(**settings: Any) -> Context:
    unused: Any = None
    return Context(
        Settings(**settings),
        kube=unused,
        ledger=unused,
        fence=7,
        deny=DenyList(()),
        now=lambda: NOW,
    )


def pod_spec(template: dict[str, Any], **settings: Any) -> dict[str, Any]:
    pod = build(context_of(**settings), queue={"podTemplate": template})
    return cast("dict[str, Any]", pod["spec"])


def test_resources_stand_in_place_of_the_installations_as_a_whole() -> None:
    wanted = {"limits": {"memory": "32Mi"}}
    (container,) = pod_spec({"resources": wanted})["containers"]
    assert container["resources"] == wanted
    (container,) = pod_spec({})["containers"]
    assert container["resources"] == Settings().scan_resources


def test_it_says_where_scans_run() -> None:
    template = {
        "nodeSelector": {"pool": "scans"},
        "tolerations": [{"key": "scans", "operator": "Exists"}],
        "priorityClassName": "urgent",
    }
    spec = pod_spec(template)
    assert {field: spec[field] for field in template} == template


def test_pull_secrets_come_after_the_installations() -> None:
    template = {"imagePullSecrets": [{"name": "b"}, {"name": "a"}]}
    assert pod_spec(template)["imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]
    spec = pod_spec(template, scanner_image_pull_secrets=["a"])
    assert spec["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]


def test_it_changes_nothing_else() -> None:
    """Whatever got past the API server: only what is on the list is taken."""
    template = {
        "nodeSelector": {"pool": "scans"},
        "serviceAccountName": "admin",
        "hostNetwork": True,
        "securityContext": {"runAsUser": 0},
        "containers": [],
        "volumes": [],
        "automountServiceAccountToken": True,
        "activeDeadlineSeconds": 1,
        "restartPolicy": "Always",
    }
    spec = pod_spec(template)
    assert spec.pop("nodeSelector") == {"pool": "scans"}
    assert spec == pod_spec({})


@pytest.mark.parametrize(
    ("allowed", "fault"),
    [
        (["other"], "urgent is not one that this installation allows (other): change it"),
        ([], "urgent is not one that this installation allows (none): change it"),
        (["other", "urgent"], ""),
    ],
)
def test_only_priority_classes_of_the_list_are_used(allowed: list[str], fault: str) -> None:
    queue = read_queue(raw_queue(**_URGENT), allowed)
    assert fault in queue.template_fault
    assert bool(queue.template_fault) == bool(fault)
    assert queue.held == bool(fault)
    assert (admit(read_job(raw_job()), queue, fence=7, now=NOW) is None) == bool(fault)


def test_the_queue_and_its_scanjobs_say_what_is_wrong() -> None:
    context = context_of(allowed_priority_classes="other")
    context.placement.set(UID, Standing(f"team/web/{UID}", Waiting("team/default")))
    told_again: list[str] = []
    context.placement.on_waiting = lambda uid, _: told_again.append(uid)
    on_scanqueue(context, "ADDED", raw_queue())
    on_scanqueue(context, "MODIFIED", newer(raw_queue(**_URGENT)))
    assert told_again == [UID], "those that wait are told as there is time, not all at once"
    queue = context.mirror.queues.named("team/default")
    assert queue is not None
    (ready, *_) = queue_conditions(queue, ledger_trouble="", now=NOW)
    assert (ready["type"], ready["status"], ready["reason"]) == (
        "Ready",
        "False",
        "InvalidPodTemplate",
    )
    assert "scanner.allowedPriorityClasses" in ready["message"]
    reason, message = waiting_reason(context, read_job(raw_job()), queue)
    assert reason == "PodRefused"
    assert "queue default makes no Pods: podTemplate.priorityClassName urgent" in message


def test_who_stops_the_queue_is_told_first() -> None:
    queue = read_queue(raw_queue(**_URGENT, stopPolicy="Hold"))
    (ready, *_) = queue_conditions(queue, ledger_trouble="", now=NOW)
    assert ready["reason"] == "Held"
    assert queue.closed is None
