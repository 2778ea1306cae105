"""Why a Pod was deleted, whether its node is lost, which Pods nobody admitted: the shell's part."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from scanyard.controller.context import Context
from scanyard.controller.handlers import on_pod, on_scanjob, on_scanqueue
from scanyard.controller.ledger_sync import rebuild
from scanyard.controller.placement import Standing
from scanyard.controller.reconcile import reconcile
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeNotFoundError
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.pod import is_attempt
from scanyard.lifecycle.scope import DenyList
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.operations import Operation, OpResult
from scanyard.settings import Settings
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
from tests.unit.lifecycle.looking import ONCE

STOP = {"scanyard.dev/stop": at(-2)}


class ApiServer:
    """Objects by plural and name; remembers what was asked of it."""

    def __init__(self, **objects: dict[str, Any] | None) -> None:
        self.objects = objects
        self.asked: list[tuple[str, str]] = []

    async def get(self, resource: Any, _namespace: str | None, name: str) -> dict[str, Any]:
        self.asked.append((resource.plural, name))
        found = self.objects.get(resource.plural)
        if found is None:
            raise KubeNotFoundError(404, "not found")
        return found

    async def patch_status(self, resource: Any, *arguments: Any) -> dict[str, Any]:
        assert resource.plural == "scanjobs"
        job, status, version = self.objects["scanjobs"], arguments[2], int(arguments[3])
        assert job is not None
        meta = {**job["metadata"], "resourceVersion": str(version + 1)}
        changed = {**job, "metadata": meta, "status": {**job["status"], **status}}
        self.objects["scanjobs"] = changed
        return changed

    async def create(self, resource: Any, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((resource.plural, "create"))
        return body

    async def delete(self, resource: Any, _ns: str, name: str, *, uid: str) -> dict[str, Any]:
        self.asked.append((resource.plural, f"delete {name} {uid}"))
        return {"kind": "Status"}


class Ledger:
    """Takes every operation, and what it is rebuilt with."""

    def __init__(self) -> None:
        self.contents: list[str] = []

    async def submit_all(self, operations: list[Operation]) -> list[OpResult]:
        return [OpResult.ADOPTED for _ in operations]

    async def rebuild(self, _fence: int, contents: LedgerContents) -> None:
        self.contents = [" ".join(item.arguments()) for item in contents]


def _context(api: ApiServer, *pods: dict[str, Any], queue: dict[str, Any] | None = None) -> Context:
    context = Context(
        Settings(),
        cast("KubeClient", api),
        cast("Any", Ledger()),
        7,
        DenyList(()),
        now=lambda: NOW,
        ledger_current=True,
    )
    on_scanqueue(context, "ADDED", queue or raw_queue())
    on_scanjob(context, "ADDED", api.objects["scanjobs"])
    for pod in pods:
        on_pod(context, "ADDED", pod)
    return context


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
    newer = raw_queue(notes=notes)
    newer["metadata"]["resourceVersion"] = "60"
    job = raw_job(status=open_attempt(), retry=ONCE)
    api = ApiServer(scanjobs=job, scanqueues=newer)
    context = _context(api, _deleted_pod())
    await reconcile(context, UID)
    assert api.asked == [("scanqueues", "default")]
    assert "endedAt" not in _attempt(api)
    await reconcile(context, UID)
    after = api.objects["scanjobs"]
    assert after is not None
    assert (after["status"]["phase"], _attempt(api)["reason"]) == (phase, reason)


async def test_a_queue_that_is_gone_explains_no_deletion() -> None:
    api = ApiServer(scanjobs=raw_job(status=open_attempt()))
    context = _context(api, _deleted_pod())
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
    context = _context(api)
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
    api = ApiServer(scanjobs=raw_job(status=open_attempt()), nodes=_node(ready), pods=pod)
    context = _context(api, pod)
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
    context = _context(api, late)
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
    api = ApiServer(scanjobs=raw_job(status=status), nodes=_node(ready))
    context = _context(api, late)
    await reconcile(context, UID)
    last = raw_pod(state=terminated(None)) if confirmed else late
    on_pod(context, "DELETED", _newer(last))
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
    api = ApiServer(scanjobs=raw_job(status=open_attempt()), nodes=_node(ready))
    context = _context(api, running)
    await reconcile(context, UID)
    deleted, api.objects["scanjobs"] = api.objects["scanjobs"], None
    assert deleted is not None
    on_scanjob(context, "DELETED", _newer(deleted))
    on_pod(context, "DELETED", _newer(running))
    for seconds in (0, until - 1, until):
        context.now = lambda seconds=seconds: NOW + timedelta(seconds=seconds)  # type: ignore[misc]
        await reconcile(context, UID)
        ledger = Ledger()
        await rebuild(context, cast("Any", ledger))
        held = [f"adopt team/default team/web/{UID} {UID}/0/1"] if seconds < until else []
        assert ledger.contents == held


def _node(ready: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": ready}]}}


def _newer(raw: dict[str, Any]) -> dict[str, Any]:
    return raw | {"metadata": raw["metadata"] | {"resourceVersion": "999"}}


@pytest.mark.parametrize("text", ["team/two words", "team/a/b", "team/", "team/a\n", "other/a", ""])
@pytest.mark.parametrize("note", ["scanyard.dev/queue", "scanyard.dev/scanjob"])
def test_a_pod_with_a_name_that_nobody_can_have_is_no_attempt(note: str, text: str) -> None:
    """Anybody may write annotations; what the ledger would refuse must not get there."""
    pod = raw_pod()
    pod["metadata"]["annotations"][note] = text
    assert not is_attempt(pod)
    assert is_attempt(raw_pod())


async def test_a_rerun_asked_for_before_the_end_was_written_is_looked_at() -> None:
    """The write's own event is no news to the mirror."""
    job = raw_job(status=open_attempt(), rerunToken="again")
    api = ApiServer(scanjobs=job)
    context = _context(api, raw_pod(state=terminated(report())))
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
