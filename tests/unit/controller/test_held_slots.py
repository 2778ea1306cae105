"""A slot that is held for the Pod of a deleted ScanJob is held by whoever leads next as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_pod, on_scanjob, on_scanqueue
from scanyard.controller.pods import slot_records
from scanyard.controller.pods.slot_records import adopt_told_slots
from scanyard.controller.queue_status import QueueReporter
from scanyard.controller.reconcile import reconcile
from scanyard.kube.errors import KubeConflictError, KubeRefusedError, KubeUnavailableError
from scanyard.lifecycle.decision import Holding
from tests.support.objects import NOW, UID, at, open_attempt, raw_job, raw_pod, report, terminated
from tests.unit.controller.shell import ApiServer, Ledger, context_of, newer, node_that_is

#: Its kubelet ends the Pod by then, or else by its own deadline, counted from its start.
GRACE, DEADLINE = 60 + 10, -5 + 3600 + 60 + 60
HELD = f"adopt team/default team/web/{UID} {UID}/0/1"


def running(*, deleted_at: float | None = None) -> dict[str, Any]:
    pod = raw_pod(state={"running": {"startedAt": at(-1)}})
    if deleted_at is not None:
        pod["metadata"]["deletionTimestamp"] = at(deleted_at)
    return pod


def told(api: ApiServer) -> list[dict[str, Any]]:
    """What the queue tells of held slots."""
    queue = api.objects["scanqueues"]
    assert queue is not None
    return list(queue.get("status", {}).get("heldSlots", ()))


async def deleted(api: ApiServer, *pods: dict[str, Any]) -> Context:
    """A leader that knew the ScanJob and its Pods, and has seen it being deleted."""
    context = context_of(api, *pods)
    await rebuild(context, cast("Any", Ledger()))
    job, api.objects["scanjobs"] = api.objects["scanjobs"], None
    on_scanjob(context, "DELETED", newer(job or raw_job()))
    await reconcile(context, UID)
    return context


async def held_after_takeover(api: ApiServer, seconds: float, *pods: dict[str, Any]) -> bool:
    """Whether a new leader holds the slot; it takes over then, so many seconds after NOW."""
    context = context_of(api, *pods)
    later(context, seconds)
    adopt_told_slots(context)
    return await held(context)


async def held(context: Context) -> bool:
    """Whether the slot is held: in the ledger, and in one that is rebuilt."""
    before = Ledger()
    await rebuild(context, cast("Any", before))
    await reconcile(context, UID)
    after = Ledger()
    await rebuild(context, cast("Any", after))
    assert (HELD in after.contents) is (context.placement.get(UID) is not None)
    assert HELD in before.contents or HELD not in after.contents, "given up, and held again"
    return HELD in after.contents


def later(context: Context, seconds: float) -> None:
    context.now = lambda: NOW + timedelta(seconds=seconds)


def yard(node: str = "True", **attempt: Any) -> ApiServer:
    return ApiServer(scanjobs=raw_job(status=open_attempt(**attempt)), nodes=node_that_is(node))


async def test_a_slot_is_told_before_its_pod_is_deleted_and_until_that_has_stopped() -> None:
    api = yard()
    context = await deleted(api, running())
    assert [step for step in api.asked if step[1] != "default"] == [
        ("scanjobs", "web"),
        ("scanqueues", "patch"),
        ("pods", f"delete {running()['metadata']['name']} pod-1"),
    ]
    assert told(api) == [
        {
            "scanJob": "web",
            "uid": UID,
            "attempt": 1,
            "podName": running()["metadata"]["name"],
            "nodeName": "node-1",
            "until": at(DEADLINE),
        }
    ]
    on_pod(context, "MODIFIED", newer(raw_pod(state=terminated(report()))))
    await reconcile(context, UID)
    assert told(api) == []
    assert context.placement.get(UID) is None


@pytest.mark.parametrize(("node", "until"), [("True", GRACE), ("Unknown", DEADLINE)])
async def test_a_pod_that_vanished_is_held_by_the_next_leader_for_the_same_time(
    node: str, until: int
) -> None:
    api = yard(node)
    context = await deleted(api, running())
    on_pod(context, "DELETED", newer(running()))
    await reconcile(context, UID)
    assert [slot["until"] for slot in told(api)] == [at(until)]
    # Nothing but the queue tells of it now.
    assert await held_after_takeover(api, until - 1)
    assert not await held_after_takeover(api, until)
    assert told(api) == []


@pytest.mark.parametrize(
    ("node", "until"), [("True", 20 + GRACE), ("Unknown", DEADLINE), ("gone", DEADLINE)]
)
async def test_a_pod_that_vanished_while_nobody_led_is_held_from_the_takeover(
    node: str, until: int
) -> None:
    api = yard(node)
    await deleted(api, running())
    context = context_of(api)
    adopt_told_slots(context)
    for seconds in (20, until - 1, until):
        later(context, seconds)
        assert await held(context) is (seconds < until)


@pytest.mark.parametrize("seconds", [0, DEADLINE + 1])
async def test_a_pod_that_is_there_speaks_for_itself(seconds: int) -> None:
    """Its node is not known to be lost, whatever the queue tells."""
    api = yard()
    await deleted(api, running())
    pod = running(deleted_at=60)
    api.objects["pods"] = pod
    assert await held_after_takeover(api, seconds, pod)
    done = newer(raw_pod(state=terminated(report())))
    assert not await held_after_takeover(api, seconds, done)
    assert told(api) == []


@pytest.mark.parametrize(("node", "until"), [("True", GRACE), ("Unknown", 3600 + 60 + 60)])
async def test_a_scanjob_that_is_deleted_while_its_slot_is_held_frees_nothing(
    node: str, until: int
) -> None:
    """Its Pod went away before this leader took over; its status, which told of it, goes now."""
    api = yard(node, startedAt=at(-4), nodeName="node-1")
    context = await deleted(api)
    assert [slot["until"] for slot in told(api)] == [at(until)]
    for seconds in (until - 1, until):
        later(context, seconds)
        assert await held(context) is (seconds < until)


async def test_an_attempt_that_never_started_holds_nothing_after_its_scanjob() -> None:
    api = yard()
    context = await deleted(api)
    assert told(api) == []
    assert not await held(context)


async def test_a_pod_that_vanishes_before_the_first_ledger_counts() -> None:
    """It was in the takeover's list, and its deletion was told before the ledger was built."""
    api = yard()
    api.objects["scanjobs"] = None
    context = context_of(api, running())
    on_pod(context, "DELETED", newer(running()))
    assert await held(context)
    later(context, GRACE)
    assert not await held(context)


@pytest.mark.parametrize("takeover", [False, True])
async def test_a_release_by_force_frees_it_for_good(takeover: bool) -> None:
    api = yard("Unknown")
    context = await deleted(api, running())
    on_pod(context, "DELETED", newer(running()))
    await reconcile(context, UID)
    queue = api.objects["scanqueues"]
    assert queue is not None
    queue["metadata"]["annotations"] = {"scanyard.dev/release": f"{UID}/1"}
    queue["metadata"]["resourceVersion"] = "500"
    if takeover:
        assert not await held_after_takeover(api, 1)
    else:
        on_scanqueue(context, "MODIFIED", queue)
        assert not await held(context)
    assert told(api) == []


@pytest.mark.parametrize("job", [False, True])
async def test_a_released_slot_stays_free_when_the_queue_speaks_of_it_no_more(job: bool) -> None:
    """The next release takes out of the annotation what has been dealt with."""
    other = raw_pod(state=terminated(report()), attempt=2)  # kept for its log
    api = yard("Unknown")
    if job:
        closed = open_attempt(endedAt=at(-3), reason="PodRefused")
        api.objects["scanjobs"] = raw_job(status=closed)
        context = context_of(api, running(), other)
        await rebuild(context, cast("Any", Ledger()))
    else:
        context = await deleted(api, running(), other)
    on_pod(context, "DELETED", newer(running()))
    await reconcile(context, UID)
    for version, notes in (("500", {"scanyard.dev/release": f"{UID}/1"}), ("900", {})):
        queue = api.objects["scanqueues"]
        assert queue is not None
        queue["metadata"] |= {"annotations": notes, "resourceVersion": version}
        on_scanqueue(context, "MODIFIED", queue)
        await reconcile(context, UID)
        standing = context.placement.get(UID)
        assert standing is None or not isinstance(standing.place, Holding)


@pytest.mark.parametrize("released", [False, True])
async def test_on_a_lost_node_it_is_given_up_at_its_deadline_or_by_force(released: bool) -> None:
    """Its Pod stays, being deleted, for as long as its node is away."""
    api = yard("Unknown")
    pod = running(deleted_at=60)
    api.objects["pods"] = pod
    context = await deleted(api, pod)
    later(context, 60 + 10)
    assert await held(context)
    later(context, DEADLINE - 1)
    assert await held(context)
    if released:
        queue = api.objects["scanqueues"]
        assert queue is not None
        queue["metadata"]["annotations"] = {"scanyard.dev/release": f"{UID}/1"}
        queue["metadata"]["resourceVersion"] = "500"
        on_scanqueue(context, "MODIFIED", queue)
    else:
        later(context, DEADLINE)
    assert not await held(context)
    assert told(api) == []


async def test_a_deletion_that_nobody_told_of_is_looked_up() -> None:
    """A watch that began after a Pod had gone tells nothing of it."""
    api = yard()
    context = await deleted(api, running(deleted_at=60))
    later(context, 61)
    await reconcile(context, UID)
    assert context.mirror.pods.get("pod-1") is not None
    later(context, 62)
    await reconcile(context, UID)
    assert ("pods", running()["metadata"]["name"]) in api.asked
    assert context.mirror.pods.get("pod-1") is None


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (KubeUnavailableError(503, "later"), True),
        (KubeConflictError(409, "modified"), True),
        (KubeRefusedError(422, "no"), False),
    ],
)
async def test_a_slot_is_not_given_up_before_the_queue_says_so(
    error: Exception, again: bool
) -> None:
    api = yard()
    context = await deleted(api, running())
    on_pod(context, "MODIFIED", newer(raw_pod(state=terminated(report()))))
    api.refuses = [cast("Any", error)]
    if again:
        with pytest.raises(type(error)):
            await reconcile(context, UID)
        assert context.placement.get(UID) is not None
        await reconcile(context, UID)
        assert told(api) == []
    else:
        await reconcile(context, UID)
    assert context.placement.get(UID) is None


async def test_a_queue_that_was_changed_meanwhile_is_read_again() -> None:
    api = yard()
    queue = api.objects["scanqueues"]
    assert queue is not None
    context = context_of(api, running())
    await rebuild(context, cast("Any", Ledger()))
    api.objects["scanqueues"] = newer(queue)
    api.objects["scanjobs"] = None
    on_scanjob(context, "DELETED", newer(raw_job(status=open_attempt())))
    with pytest.raises(KubeConflictError):
        await reconcile(context, UID)
    assert told(api) == []
    await reconcile(context, UID)
    assert len(told(api)) == 1


async def test_counting_the_queue_leaves_its_held_slots_alone() -> None:
    api = yard()
    context = await deleted(api, running())
    reporter = QueueReporter(context)
    queue = context.mirror.queues.named("team/default")
    assert queue is not None
    await reporter._report("queue-uid", queue)
    assert api.asked[-1] == ("scanqueues", "patch")
    assert len(told(api)) == 1


async def test_of_too_many_those_are_told_that_are_held_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slot_records, "MAX_HELD_SLOTS", 2)
    context = await deleted(yard(), running())
    slot = context.held_slots.told[UID]
    for name, seconds in (("a", 30), ("b", 10), ("c", 20)):
        until = NOW + timedelta(seconds=seconds)
        context.held_slots.tell(name, replace(slot, job_name=name, job_uid=name, until=until))
    context.held_slots.tell(UID, None)
    found = slot_records.told_slots(context, "team/default")
    assert [item["scanJob"] for item in found] == ["a", "c"]


async def test_slots_of_scans_that_may_still_run_are_counted() -> None:
    context = await deleted(yard(), running())
    queue = context.mirror.queues.named("team/default")
    assert queue is not None
    QueueReporter(context)._measure("queue-uid", queue)
    labels = {"queue_namespace": "team", "queue": "default"}
    assert REGISTRY.get_sample_value("scanyard_queue_unconfirmed_slots", labels) == 1
