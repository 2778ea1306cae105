"""Node slots are given evenly, kept as long as the queue's slot, and known after a takeover."""

from __future__ import annotations

from typing import Any

from scanyard.api import names
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_pod, on_scanqueue
from scanyard.controller.pods import launch
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.queue import Queue
from tests.support.objects import UID, open_attempt, raw_job, raw_pod, raw_queue
from tests.unit.controller.shell import ApiServer, context_of, newer


def limited(slots: int) -> tuple[Context, Queue]:
    context = context_of(ApiServer(scanjobs=None), queue=raw_queue(maxConcurrentPerNode=slots))
    queue = context.mirror.queues.named("team/default")
    assert queue is not None
    return context, queue


def hold(context: Context, uid: str) -> None:
    context.placement.set(uid, Standing(f"team/x/{uid}", Holding("team/default", 1)))


def give_back(context: Context, uid: str) -> None:
    context.placement.set(uid, Standing(f"team/x/{uid}", Waiting("team/default")))


def test_they_are_given_evenly_and_given_back() -> None:
    context, queue = limited(3)
    for uid, slot in (("a", 0), ("b", 1), ("c", 2), ("d", 0)):
        hold(context, uid)
        assert context.node_slots.choose(uid, queue) == slot
    give_back(context, "b")
    assert context.node_slots.choose("e", queue) == 1


def test_a_create_that_is_sent_again_has_the_same() -> None:
    context, queue = limited(2)
    assert [context.node_slots.choose("a", queue) for _ in range(3)] == [0, 0, 0]
    assert context.node_slots.choose("b", queue) == 1


def test_a_lowered_limit_is_heeded_by_the_next_create() -> None:
    context, queue = limited(2)
    assert [context.node_slots.choose(uid, queue) for uid in "ab"] == [0, 1]
    on_scanqueue(context, "MODIFIED", newer(raw_queue(maxConcurrentPerNode=1)))
    lowered = context.mirror.queues.named("team/default")
    assert lowered is not None
    assert context.node_slots.choose("b", lowered) == 0


def test_after_a_takeover_they_are_read_from_the_pods() -> None:
    context, queue = limited(2)
    pod = raw_pod()
    pod["metadata"]["labels"][names.LABEL_NODE_SLOT] = "0"
    on_pod(context, "ADDED", pod)
    hold(context, UID)
    assert context.node_slots.choose("b", queue) == 1


async def _created(**queue: Any) -> dict[str, Any]:
    class Api(ApiServer):
        body: dict[str, Any]

        async def create(self, resource: Any, _ns: str, body: dict[str, Any]) -> dict[str, Any]:
            del resource
            self.body = body
            made = {"uid": "pod-1", "resourceVersion": "300"}
            return {**body, "metadata": {**body["metadata"], **made}}

    api = Api(scanjobs=raw_job(status=open_attempt()))
    context = context_of(api, queue=raw_queue(**queue))
    job = context.mirror.jobs.get(UID)
    assert job is not None
    assert job.status.open_attempt is not None
    await launch.create(context, job, job.status.open_attempt)
    return api.body


async def test_the_pod_carries_its_slot() -> None:
    pod = await _created(maxConcurrentPerNode=2)
    assert pod["metadata"]["labels"][names.LABEL_NODE_SLOT] == "0"
    assert "podAntiAffinity" in pod["spec"]["affinity"]


async def test_without_a_limit_there_is_none() -> None:
    pod = await _created()
    assert names.LABEL_NODE_SLOT not in pod["metadata"]["labels"]
    assert "affinity" not in pod["spec"]
