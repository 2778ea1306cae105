"""ScanJobs in queues of other namespaces: only where the queue takes them, at every step."""

from __future__ import annotations

from typing import Any, cast

import pytest

from scanyard.controller.admission.candidate import admission_of
from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_namespace, on_pod, on_scanjob, on_scanqueue
from scanyard.controller.pods import launch
from scanyard.controller.pods.slot_records import told_slots
from scanyard.controller.reconcile import reconcile
from scanyard.controller.views import view_of
from scanyard.kube.client import KubeClient
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Decision, Holding, Parked, Waiting
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, at, condition, open_attempt, raw_job, raw_pod, raw_queue
from tests.unit.controller.shell import ApiServer, Ledger, newer
from tests.unit.lifecycle.looking import RUNNING, told

SHARED = "platform/shared"
GOLD: dict[str, Any] = {
    "allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "gold"}}}
}
ALL: dict[str, Any] = {"allowedNamespaces": {"from": "All"}}
MESSAGE = (
    "no ScanQueue shared in namespace platform takes ScanJobs of namespace team: ask whoever runs "
    "it to allow this namespace in its spec.allowedNamespaces, or name another queue in queueRef"
)


def shared(version: int = 50, notes: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """ScanQueue platform/shared."""
    raw = raw_queue(notes=notes, **spec)
    raw["metadata"] |= {"namespace": "platform", "name": "shared", "uid": "shared-uid"}
    raw["metadata"]["resourceVersion"] = str(version)
    return raw


def team(version: int, **labels: str) -> dict[str, Any]:
    """Namespace team."""
    return {
        "metadata": {
            "name": "team",
            "uid": "team-uid",
            "resourceVersion": str(version),
            "labels": {"kubernetes.io/metadata.name": "team", **labels},
        }
    }


def job_for_shared(**fields: Any) -> dict[str, Any]:
    return raw_job(queueRef={"name": "shared", "namespace": "platform"}, **fields)


def context_with(*queues: dict[str, Any], job: dict[str, Any] | None = None) -> Context:
    api = ApiServer(scanjobs=job or job_for_shared())
    context = Context(
        Settings(),
        cast("KubeClient", api),
        cast("Any", Ledger()),
        7,
        DenyList(()),
        now=lambda: NOW,
        ledger_current=True,
    )
    for queue in queues:
        on_scanqueue(context, "ADDED", queue)
    on_scanjob(context, "ADDED", api.objects["scanjobs"])
    return context


def its_job(context: Context) -> Job:
    job = context.mirror.jobs.get(UID)
    assert job is not None
    return job


def decided(context: Context) -> Decision:
    return decide(view_of(context, its_job(context)))


def test_a_queue_that_does_not_take_the_namespace_is_as_one_that_is_not_there() -> None:
    """Else its existence, state and rules could be found out by anybody who may scan."""
    closed = shared(
        stopPolicy="HoldAndDrain",
        allowedScanners=["masscan"],
        limits={"maxTimeoutSeconds": 5, "maxAddresses": 1},
        scope={"allow": ["192.0.2.1"]},
    )
    answers = [decided(context) for context in (context_with(closed), context_with())]
    assert answers[0] == answers[1]
    assert answers[0].place == Parked(SHARED, "namespace")
    assert told(answers[0]) == ("NamespaceNotAllowed", MESSAGE)


def test_a_queue_of_the_own_namespace_with_a_selector_says_what_to_mend() -> None:
    context = context_with(raw_queue(**GOLD), job=raw_job())
    reason, message = told(decided(context))
    assert reason == "NamespaceNotAllowed"
    assert "queue default does not take ScanJobs of its own namespace team" in message
    assert "selector" in message


def test_a_missing_queue_of_the_own_namespace_is_told_as_before() -> None:
    job = raw_job(queueRef={"name": "shared", "namespace": "team"})
    assert decided(context_with(job=job)).place == Waiting("team/shared")


def test_a_queue_that_takes_it_has_it_wait_for_its_turn() -> None:
    assert decided(context_with(shared(**ALL))).place == Waiting(SHARED)


async def settle(context: Context) -> None:
    while len(context.dirty):
        async with context.dirty.next() as uid:
            await reconcile(context, uid)


def place(context: Context) -> object:
    standing = context.placement.get(UID)
    return None if standing is None else standing.place


async def test_it_is_judged_anew_when_the_queue_opens_or_closes() -> None:
    context = context_with(shared())
    await settle(context)
    assert place(context) == Parked(SHARED, "namespace")
    on_scanqueue(context, "MODIFIED", shared(51, **ALL))
    await settle(context)
    assert place(context) == Waiting(SHARED)
    on_scanqueue(context, "MODIFIED", shared(52))
    await settle(context)
    assert place(context) == Parked(SHARED, "namespace")


async def test_it_is_judged_anew_when_the_namespaces_labels_change() -> None:
    context = context_with(shared(**GOLD))
    on_namespace(context, "ADDED", team(1))
    await settle(context)
    assert place(context) == Parked(SHARED, "namespace")
    on_namespace(context, "MODIFIED", team(2, tier="gold"))
    await settle(context)
    assert place(context) == Waiting(SHARED)
    on_namespace(context, "MODIFIED", team(3, tier="gold", other="label"))
    assert not len(context.dirty), "nothing changes for anybody"
    on_namespace(context, "DELETED", team(4, tier="gold"))
    await settle(context)
    assert place(context) == Parked(SHARED, "namespace")


@pytest.mark.parametrize(
    ("queue", "labels", "admitted"),
    [
        (shared(), {}, False),
        (shared(**ALL), {}, True),
        (shared(**GOLD), {}, False),
        (shared(**GOLD), {"tier": "gold"}, True),
    ],
)
def test_at_admission_it_is_judged_again(
    queue: dict[str, Any], labels: dict[str, str], admitted: bool
) -> None:
    """Whatever stood in the ledger's order, and however it came there."""
    context = context_with(queue)
    on_namespace(context, "ADDED", team(1, **labels))
    status = admission_of(context, its_job(context), read_queue(queue))
    assert (status is not None) is admitted


def test_a_queue_that_it_does_not_name_any_more_does_not_admit_it() -> None:
    """Its reference has changed, and the ledger has not heard of it yet."""
    context = context_with(shared(**ALL), raw_queue())
    job, other = its_job(context), read_queue(raw_queue())
    assert admission_of(context, job, other) is None


async def test_a_queue_that_closed_between_admission_and_pod_gets_no_pod() -> None:
    job = job_for_shared(status=open_attempt(queue=SHARED))
    context = context_with(shared(), job=job)
    attempt = its_job(context).status.open_attempt
    assert attempt is not None
    await launch.create(context, its_job(context), attempt)
    api = cast("ApiServer", context.kube)
    assert ("pods", "create") not in api.asked
    status = its_job(context).status
    assert status.open_attempt is None
    waits = status.condition("Reconciling")
    assert waits is not None
    assert waits.reason == "NamespaceNotAllowed"
    assert MESSAGE in waits.message


@pytest.mark.parametrize("queue", [shared(), shared(**ALL)])
def test_what_runs_when_a_queue_closes_runs_on_in_its_slot(queue: dict[str, Any]) -> None:
    job = job_for_shared(status=open_attempt(queue=SHARED, startedAt=at(-4)))
    context = context_with(queue, job=job)
    on_pod(context, "ADDED", pod_for_shared())
    decision = decided(context)
    assert decision.place == Holding(SHARED, 1)
    assert decision.delete is None


@pytest.mark.parametrize(
    "stop", [{"notes": {"scanyard.dev/stop": ""}}, {"stopPolicy": "HoldAndDrain"}]
)
def test_a_stop_of_the_queue_ends_what_runs_also_when_it_is_closed(stop: dict[str, Any]) -> None:
    job = job_for_shared(status=open_attempt(queue=SHARED, startedAt=at(-4)))
    context = context_with(shared(**stop), job=job)
    on_pod(context, "ADDED", pod_for_shared())
    assert decided(context).delete is not None


def pod_for_shared() -> dict[str, Any]:
    pod = raw_pod(state=RUNNING)
    pod["metadata"]["annotations"]["scanyard.dev/queue"] = SHARED
    return pod


@pytest.mark.parametrize("queue", [shared(), shared(**GOLD)])
async def test_a_pod_that_made_up_its_queue_holds_no_slot_there(queue: dict[str, Any]) -> None:
    """Anybody who may create Pods can write our labels and annotations."""
    context = context_with(queue, job=raw_job())
    forged = pod_for_shared()
    forged["metadata"]["labels"]["scanyard.dev/uid"] = "of-a-scanjob-that-never-was"
    for pod in (pod_for_shared(), forged):
        on_pod(context, "ADDED", pod)
    ledger = Ledger()
    await rebuild(context, cast("Any", ledger))
    assert not [text for text in ledger.contents if SHARED in text]


def test_a_pod_that_made_up_its_scanjob_is_not_taken_for_another_ones() -> None:
    context = context_with(shared(**ALL))
    forged = raw_pod(state=RUNNING)
    forged["metadata"] |= {"namespace": "elsewhere"}
    forged["metadata"]["annotations"] |= {
        "scanyard.dev/scanjob": "elsewhere/web",
        "scanyard.dev/queue": "elsewhere/default",
    }
    on_pod(context, "ADDED", forged)
    assert context.mirror.pods.of_job(UID) == []


@pytest.mark.parametrize("queue", [shared(), shared(**ALL)])
async def test_the_pod_of_a_deleted_scanjob_holds_its_slot_though_the_queue_closed(
    queue: dict[str, Any],
) -> None:
    """Its end frees the slot, not the queue's change of mind; told under the ScanJob's name."""
    job = job_for_shared(status=open_attempt(queue=SHARED))
    context = context_with(shared(**ALL), job=job)
    on_pod(context, "ADDED", pod_for_shared())
    on_scanqueue(
        context, "MODIFIED", queue | {"metadata": queue["metadata"] | {"resourceVersion": "60"}}
    )
    api = cast("ApiServer", context.kube)
    api.objects["scanqueues"] = queue | {"metadata": queue["metadata"] | {"resourceVersion": "60"}}
    api.objects["scanjobs"] = None
    on_scanjob(context, "DELETED", newer(job))
    on_pod(context, "MODIFIED", newer(pod_for_shared()))
    await reconcile(context, UID)
    ledger = Ledger()
    await rebuild(context, cast("Any", ledger))
    assert ledger.contents == [f"adopt {SHARED} team/web/{UID} {UID}/0/1"]
    assert [(slot["scanJob"], slot["namespace"]) for slot in told_slots(context, SHARED)] == [
        ("web", "team")
    ]


async def test_a_later_leader_believes_what_the_queue_tells_of_a_slot() -> None:
    """Of a Pod whose ScanJob is gone, in a queue that has closed since."""
    slot = {"scanJob": "web", "namespace": "team", "uid": UID, "attempt": 1, "until": at(600)}
    queue = shared() | {"status": {"heldSlots": [slot]}}
    context = context_with(
        queue, job=raw_job() | {"metadata": raw_job()["metadata"] | {"uid": "x"}}
    )
    on_pod(context, "ADDED", pod_for_shared())
    ledger = Ledger()
    await rebuild(context, cast("Any", ledger))
    assert f"adopt {SHARED} team/web/{UID} {UID}/0/1" in ledger.contents


def test_the_retention_of_a_queue_is_for_those_it_takes() -> None:
    done = {
        "observedGeneration": 1,
        "phase": "Cancelled",
        "finishedAt": at(-5),
        "conditions": [condition("Finished", "Cancelled")],
    }
    spec: dict[str, Any] = {"defaults": {"ttlSecondsAfterFinished": 60}}
    context = context_with(shared(**spec), job=job_for_shared(status=done))
    assert len(context.expiring) == 0
    on_scanqueue(context, "MODIFIED", shared(51, **spec, **ALL))
    assert len(context.expiring) == 1


def test_single_namespaces_say_that_labels_cannot_be_read() -> None:
    def told_by(queue: dict[str, Any], readable: bool) -> dict[str, dict[str, Any]]:
        conditions = queue_conditions(
            read_queue(queue), ledger_trouble="", labels_readable=readable, now=NOW
        )
        return {item["type"]: item for item in conditions}

    found = told_by(shared(**GOLD), False)["NamespacesResolved"]
    assert (found["status"], found["reason"]) == ("False", "NamespaceLabelsUnreadable")
    assert "kubernetes.io/metadata.name" in found["message"]
    by_name = {"matchLabels": {"kubernetes.io/metadata.name": "team"}}
    named = {"allowedNamespaces": {"from": "Selector", "selector": by_name}}
    for queue, readable in ((GOLD, True), (ALL, False), ({}, False), (named, False)):
        assert "NamespacesResolved" not in told_by(shared(**queue), readable)
