"""Deleting an attempt's Pod: what is there is never forgotten, what is gone is."""

from __future__ import annotations

from typing import Any, cast

import pytest

from scanyard.controller.context import Context
from scanyard.controller.pods.actions import delete_pod, look_up
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from scanyard.lifecycle.status import Attempt
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, raw_pod

_CONFLICT = KubeConflictError(409, "the object has been modified")
_ABSENT = KubeNotFoundError(404, "not found")
_ATTEMPT = Attempt(
    number=1,
    queue="team/default",
    fence=7,
    pod_name=raw_pod()["metadata"]["name"],
    admitted_at=NOW,
)


class ApiServer:
    """Answers a deletion with a refusal, reads of Pods with `pod`, and has no nodes."""

    def __init__(self, refusal: KubeError, pod: dict[str, Any] | None) -> None:
        self.refusal = refusal
        self.pod = pod

    async def delete(self, *_: Any, uid: str) -> dict[str, Any]:
        assert uid == raw_pod()["metadata"]["uid"]
        raise self.refusal

    async def get(self, resource: Any, *_: Any) -> dict[str, Any]:
        if self.pod is None or resource.plural != "pods":
            raise _ABSENT
        return self.pod


def _namesake() -> dict[str, Any]:
    pod = raw_pod()
    pod["metadata"]["uid"] = "another"
    return pod


def _context(refusal: KubeError, pod: dict[str, Any] | None) -> Context:
    kube = cast("KubeClient", ApiServer(refusal, pod))
    context = Context(Settings(), kube, cast("Any", None), 7, DenyList(()), now=lambda: NOW)
    assert context.mirror.pods.put(raw_pod()) is not None
    return context


async def test_a_conflict_about_a_pod_that_is_there_is_tried_again() -> None:
    context = _context(_CONFLICT, raw_pod())
    pod = context.mirror.pod_of(UID, 1)
    assert pod is not None
    with pytest.raises(KubeConflictError):
        await delete_pod(context, pod)
    assert context.mirror.pod_of(UID, 1) == pod


@pytest.mark.parametrize(
    ("refusal", "found"),
    [(_ABSENT, None), (_CONFLICT, None), (_CONFLICT, _namesake())],
    ids=["not-found", "gone-meanwhile", "another-has-the-name"],
)
async def test_a_pod_that_is_gone_is_forgotten(
    refusal: KubeError, found: dict[str, Any] | None
) -> None:
    context = _context(refusal, found)
    pod = context.mirror.pod_of(UID, 1)
    assert pod is not None
    await delete_pod(context, pod)
    assert context.mirror.pod_of(UID, 1) is None
    assert len(context.dirty) == 1


async def test_a_pod_that_went_untold_is_forgotten_once_it_is_looked_up() -> None:
    context = _context(_ABSENT, None)
    pod = context.mirror.pod_of(UID, 1)
    assert pod is not None
    context.memories.saw(pod)
    await look_up(context, "team", UID, _ATTEMPT)
    assert context.mirror.pod_of(UID, 1) is None
    assert context.memories.of(UID, 1).gone_at == NOW
    assert len(context.dirty) == 1


async def test_a_pod_that_is_as_it_was_is_not_looked_at_again_at_once() -> None:
    context = _context(_ABSENT, raw_pod())
    await look_up(context, "team", UID, _ATTEMPT)
    assert context.mirror.pod_of(UID, 1) is not None
    assert len(context.dirty) == 0
