"""Why a Pod was deleted, whether its node is lost, which Pods nobody admitted: the shell's part."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.admission.placement import Standing
from scanyard.controller.handlers import on_pod, on_scanjob, on_scanqueue
from scanyard.controller.reconcile import reconcile
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.pods.pod import is_attempt
from tests.support.objects import (
    NOW,
    UID,
    at,
    open_attempt,
    raw_job,
    raw_pod,
    raw_queue,
    report,
    terminated,
)
from tests.unit.controller.shell import ApiServer, Ledger, context_of, newer, node_that_is
from tests.unit.lifecycle.looking import ONCE

STOP = {"scanyard.dev/stop": at(-2)}


def _deleted_pod() -> dict[str, Any]:
    pod = raw_pod(state=terminated(report(complete=False), exit_code=130))
    pod["metadata"]["deletionTimestamp"] = at(50)
    return pod


def _attempt(api: ApiServer) -> dict[str, Any]:
    job = api.objects["scanjobs"]
    assert job is not None
    attempt: dict[str, Any] = job["status"]["attempts"][-1]
    return attempt


@pytest.mark.parametrize(
    ("notes", "phase", "reason"),
    [(STOP, "Queued", "EmergencyStop"), ({}, "Failed", "PodDeleted")],
)
async def test_a_deleted_pod_is_judged_by_the_queue_as_it_is(
    notes: dict[str, str], phase: str, reason: str
) -> None:
    """The operator hears of the Pod's end first; the queue's event is still on its way."""
    changed = raw_queue(notes=notes)
    changed["metadata"]["resourceVersion"] = "60"
    job = raw_job(status=open_attempt(), retry=ONCE)
    api = ApiServer(scanjobs=job, scanqueues=changed)
    context = context_of(api, _deleted_pod(), queue=raw_queue())
    await reconcile(context, UID)
    assert api.asked == [("scanqueues", "default")]
    assert "endedAt" not in _attempt(api)
    await reconcile(context, UID)
    after = api.objects["scanjobs"]
    assert after is not None
    assert (after["status"]["phase"], _attempt(api)["reason"]) == (phase, reason)


async def test_a_queue_that_is_gone_explains_no_deletion() -> None:
    api = ApiServer(scanjobs=raw_job(status=open_attempt()), scanqueues=None)
    context = context_of(api, _deleted_pod())
    await reconcile(context, UID)
    await reconcile(context, UID)
    assert _attempt(api)["reason"] == "PodDeleted"


@pytest.mark.parametrize(
    ("notes", "dirty"),
    [(STOP, True), ({"scanyard.dev/release": f"{UID}/1"}, True), ({"team": "red"}, False)],
)
async def test_an_annotation_alone_reaches_the_scanjobs_of_its_queue(
    notes: dict[str, str], dirty: bool
) -> None:
    api = ApiServer(scanjobs=raw_job(status=open_attempt()))
    context = context_of(api)
    context.placement.set("waits", Standing("team/x/waits", Waiting("team/default")))
    context.placement.set("holds", Standing("team/web/holds", Holding("team/default", 1)))
    async with context.dirty.next():
        pass
    assert len(context.dirty) == 0
    changed = raw_queue(notes=notes)
    changed["metadata"]["resourceVersion"] = "51"
    on_scanqueue(context, "MODIFIED", changed)
    assert len(context.dirty) == (2 if dirty else 0)
    if dirty:
        async with context.dirty.next() as first:
            assert first == "holds", "what runs is stopped before thousands that wait are told"


@pytest.mark.parametrize(("ready", "reason"), [("Unknown", "SlotHeldNodeLost"), ("True", None)])
async def test_an_overdue_deletion_finds_out_about_its_node(ready: str, reason: str | None) -> None:
    pod = raw_pod(state={"running": {"startedAt": at(-300)}})
    pod["metadata"]["deletionTimestamp"] = at(-20)
    api = ApiServer(scanjobs=raw_job(status=open_attempt()), nodes=node_that_is(ready), pods=pod)
    context = context_of(api, pod)
    for _ in range(2):
        await reconcile(context, UID)
    job = context.mirror.jobs.get(UID)
    assert job is not None
    told = job.status.condition("Reconciling")
    assert (told.reason if told else None) == reason
    assert ("nodes", "node-1") in api.asked
    assert context.placement.get(UID) == Standing(f"team/web/{UID}", Holding("team/default", 1))


async def test_a_late_pod_of_a_closed_attempt_is_ended_and_holds_a_slot() -> None:
    late = raw_pod(state={"running": {"startedAt": at(-1)}})
    status = open_attempt(endedAt=at(-3), reason="PodRefused")
    api = ApiServer(scanjobs=raw_job(status=status))
    context = context_of(api, late)
    holds = Standing(f"team/web/{UID}", Holding("team/default", 1))
    await reconcile(context, UID)
    assert ("pods", f"delete {late['metadata']['name']} pod-1") in api.asked
    assert context.placement.get(UID) == holds

    ledger = Ledger()
    context.placement.replace({})
    on_pod(context, "ADDED", late | {"metadata": late["metadata"] | {"uid": "after-a-restart"}})
    await rebuild(context, cast("Any", ledger))
    assert ledger.contents == [f"adopt team/default team/web/{UID} {UID}/0/1"]
    assert context.placement.get(UID) == holds


@pytest.mark.parametrize(
    ("confirmed", "ready", "until"),
    [
        (True, "True", 0),
        (False, "True", 60 + 10),
        # Its node may still run it until the Pod's own deadline, counted from its start.
        (False, "Unknown", -5 + 3600 + 60 + 60),
    ],
)
async def test_a_late_pod_that_goes_away_unread_holds_its_slot_for_its_time(
    confirmed: bool, ready: str, until: int
) -> None:
    late = raw_pod(state={"running": {"startedAt": at(-1)}})
    status = open_attempt(endedAt=at(-3), reason="PodRefused")
    api = ApiServer(scanjobs=raw_job(status=status), nodes=node_that_is(ready))
    context = context_of(api, late)
    await rebuild(context, cast("Any", Ledger()))
    await reconcile(context, UID)
    last = raw_pod(state=terminated(None)) if confirmed else late
    on_pod(context, "DELETED", newer(last))
    for seconds in (0, 69, 70, 3714, 3715):
        context.now = lambda seconds=seconds: NOW + timedelta(seconds=seconds)  # type: ignore[misc]
        await reconcile(context, UID)
        standing = context.placement.get(UID)
        assert standing is not None
        assert isinstance(standing.place, Holding) is (seconds < until)


@pytest.mark.parametrize(("ready", "until"), [("True", 60 + 10), ("Unknown", -5 + 3600 + 60 + 60)])
async def test_the_pod_of_a_deleted_scanjob_holds_its_slot_likewise(ready: str, until: int) -> None:
    """Also when the ledger is lost meanwhile: nothing in the API tells of that Pod any more."""
    running = raw_pod(state={"running": {"startedAt": at(-1)}})
    api = ApiServer(scanjobs=raw_job(status=open_attempt()), nodes=node_that_is(ready))
    context = context_of(api, running)
    await reconcile(context, UID)
    deleted, api.objects["scanjobs"] = api.objects["scanjobs"], None
    assert deleted is not None
    on_scanjob(context, "DELETED", newer(deleted))
    on_pod(context, "DELETED", newer(running))
    for seconds in (0, until - 1, until):
        context.now = lambda seconds=seconds: NOW + timedelta(seconds=seconds)  # type: ignore[misc]
        await reconcile(context, UID)
        ledger = Ledger()
        await rebuild(context, cast("Any", ledger))
        held = [f"adopt team/default team/web/{UID} {UID}/0/1"] if seconds < until else []
        assert ledger.contents == held


@pytest.mark.parametrize("text", ["team/two words", "team/a/b", "team/", "team/a\n", "/a", ""])
@pytest.mark.parametrize("note", ["scanyard.dev/queue", "scanyard.dev/scanjob"])
def test_a_pod_with_a_name_that_nobody_can_have_is_no_attempt(note: str, text: str) -> None:
    """Anybody may write annotations; what the ledger would refuse must not get there."""
    pod = raw_pod()
    pod["metadata"]["annotations"][note] = text
    assert not is_attempt(pod)
    assert is_attempt(raw_pod())


def test_a_pod_for_a_scanjob_of_another_namespace_is_no_attempt() -> None:
    pod = raw_pod()
    pod["metadata"]["annotations"]["scanyard.dev/scanjob"] = "other/web"
    assert not is_attempt(pod)


async def test_a_rerun_asked_for_before_the_end_was_written_is_looked_at() -> None:
    """The write's own event is no news to the mirror."""
    job = raw_job(status=open_attempt(), rerunToken="again")
    api = ApiServer(scanjobs=job)
    context = context_of(api, raw_pod(state=terminated(report())))
    async with context.dirty.next() as uid:
        await reconcile(context, uid)
    ended = api.objects["scanjobs"]
    assert ended is not None
    assert ended["status"]["phase"] == "Succeeded"
    on_scanjob(context, "MODIFIED", ended)
    async with asyncio.timeout(5), context.dirty.next() as uid:
        await reconcile(context, uid)
    again = api.objects["scanjobs"]
    assert again is not None
    assert again["status"]["phase"] == "Queued"
    assert again["status"]["rerunToken"] == "again"
