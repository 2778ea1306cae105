"""What becomes of an attempt whose Pod cannot be created."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.pods import launch
from scanyard.controller.pods.resolve import UnresolvableError
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import (
    KubeConflictError,
    KubeNotFoundError,
    KubeRefusedError,
    KubeUnavailableError,
)
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.status import Attempt
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, UID, open_attempt, raw_job, raw_pod, raw_queue

_QUOTA = KubeRefusedError(403, 'pods "x" is forbidden: exceeded quota: q')
_POLICY = KubeRefusedError(403, 'pods "x" is forbidden: violates PodSecurity')
_DENY = DenyList.of([ipaddress.ip_network("198.51.100.0/24")])
_ABSENT = KubeNotFoundError(404, "not found")
_TAKEN = KubeConflictError(409, "already exists")


class ApiServer:
    """Answers creates in turn; `pod` is what a read finds."""

    def __init__(self, job: dict[str, Any], *answers: Exception | dict[str, Any]) -> None:
        self.job = job
        self.answers = list(answers)
        self.pod: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []

    async def create(self, resource: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        assert namespace == "team"
        if resource.plural == "events":
            self.events.append(body)
            return body
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def get(self, *_: str) -> dict[str, Any]:
        if self.pod is None:
            raise _ABSENT
        return self.pod

    async def patch_status(self, *arguments: Any) -> dict[str, Any]:
        status, version = arguments[3], int(arguments[4])
        meta = {**self.job["metadata"], "resourceVersion": str(version + 1)}
        self.job = {**self.job, "metadata": meta, "status": {**self.job["status"], **status}}
        return self.job


def _start(
    api: ApiServer, *, fence: int = 7, queue: dict[str, Any] | None = None
) -> tuple[Context, Job, Attempt]:
    kube = cast("KubeClient", api)
    context = Context(Settings(), kube, cast("Any", None), fence, _DENY, now=lambda: NOW)
    context.mirror.queues.put(queue or raw_queue())
    job = context.mirror.jobs.put(api.job)
    assert job is not None
    attempt = job.status.open_attempt
    assert attempt is not None
    return context, job, attempt


async def test_a_refused_pod_waits_for_a_better_time() -> None:
    api = ApiServer(raw_job(status=open_attempt()), _QUOTA)
    await launch.create(*_start(api))
    status = api.job["status"]
    assert (status["phase"], status["attempts"][0]["reason"]) == ("Queued", "PodRefused")
    assert "retryAt" in status
    assert len(api.events) == 1


async def test_a_new_pod_is_looked_at_though_its_event_is_no_news() -> None:
    """It may be the only one for long, and the start has a deadline."""
    context, job, attempt = _start(ApiServer(raw_job(status=open_attempt()), _own_pod()))
    assert len(context.dirty) == 0
    await launch.create(context, job, attempt)
    assert context.mirror.pod_of(UID, 1) is not None
    assert len(context.dirty) == 1


async def test_a_quota_that_the_pod_itself_used_up_is_no_refusal() -> None:
    api = ApiServer(raw_job(status=open_attempt()), KubeUnavailableError(0, "timeout"), _QUOTA)
    context, job, attempt = _start(api)
    with pytest.raises(KubeUnavailableError):
        await launch.create(context, job, attempt)
    api.pod = _own_pod()
    await launch.create(context, job, attempt)
    assert api.job["status"] == open_attempt()
    assert context.mirror.pod_of(UID, 1) is not None


async def test_nor_is_one_that_the_pod_of_an_earlier_process_used_up() -> None:
    api = ApiServer(raw_job(status=open_attempt()), _QUOTA)
    api.pod = _own_pod()
    context, job, attempt = _start(api, fence=8)
    await launch.create(context, job, attempt)
    assert api.job["status"] == open_attempt()
    assert context.mirror.pod_of(UID, 1) is not None


async def test_a_tombstone_that_comes_too_late_finds_the_pod() -> None:
    api = ApiServer(raw_job(status=open_attempt(), cancel=True), _TAKEN)
    api.pod = _own_pod()
    context, job, attempt = _start(api, fence=8)
    await launch.bury(context, job, attempt)
    assert api.job["status"] == open_attempt()
    assert context.mirror.pod_of(UID, 1) is not None


async def test_a_name_that_a_strange_pod_has_needs_no_tombstone() -> None:
    api = ApiServer(raw_job(status=open_attempt(), cancel=True), _TAKEN)
    strange = raw_pod()
    strange["metadata"]["labels"] = {}
    api.pod = strange
    await launch.bury(*_start(api, fence=8))
    assert api.job["status"]["attempts"][0]["reason"] == "PodNameTaken"
    assert "endedAt" in api.job["status"]["attempts"][0]


def _ends() -> list[float]:
    """Attempts that ended so, and ScanJobs that failed, as they are counted."""
    labels = {"queue_namespace": "team", "queue": "default"}
    of_attempts = labels | {"scanner": "nmap", "reason": "InvalidSpec"}
    found = (
        REGISTRY.get_sample_value("scanyard_attempts_ended_total", of_attempts),
        REGISTRY.get_sample_value("scanyard_scans_finished_total", labels | {"phase": "Failed"}),
    )
    return [value or 0.0 for value in found]


async def test_a_spec_that_makes_no_command_ends_the_scanjob() -> None:
    spec = {"targets": ["192.0.2.7"], "excludeTargets": ["192.0.2.0/24"]}
    api = ApiServer(raw_job(status=open_attempt(), **spec))
    before = _ends()
    await launch.create(*_start(api))
    assert _ends() == [count + 1 for count in before]
    status = api.job["status"]
    assert (status["phase"], status["attempts"][0]["reason"]) == ("Failed", "InvalidSpec")
    told = {item["type"]: item for item in status["conditions"]}
    assert told["Finished"]["status"] == told["Stalled"]["status"] == "True"
    assert "every target is excluded" in told["Finished"]["message"]
    assert len(api.events) == 1


def _tombstone() -> dict[str, Any]:
    pod = raw_pod(node="")
    labels = {**pod["metadata"]["labels"], names.LABEL_ROLE: names.ROLE_TOMBSTONE}
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}}


@pytest.mark.parametrize(
    "spec",
    [
        {"targets": ["no-such-name.invalid"]},
        {"targets": ["192.0.2.7"], "excludeTargets": ["192.0.2.0/24"]},
        {"targets": ["198.51.100.7"]},
    ],
    ids=["unresolvable", "impossible", "out of scope"],
)
async def test_what_an_earlier_process_may_have_sent_is_buried_before_the_attempt_is_closed(
    spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "resolve", _resolve)
    api = ApiServer(raw_job(status=open_attempt(), **spec), _tombstone())
    context, job, attempt = _start(api, fence=8)
    await launch.create(context, job, attempt)
    assert api.job["status"] == open_attempt(), "open until its name is taken"
    buried = context.mirror.pod_of(UID, 1)
    assert buried is not None
    assert buried.tombstone


async def test_a_refusal_after_an_unanswered_create_is_buried_as_well() -> None:
    lost = KubeUnavailableError(0, "timeout")
    api = ApiServer(raw_job(status=open_attempt()), lost, _POLICY, _tombstone())
    context, job, attempt = _start(api)
    with pytest.raises(KubeUnavailableError):
        await launch.create(context, job, attempt)
    await launch.create(context, job, attempt)
    assert api.job["status"] == open_attempt()
    buried = context.mirror.pod_of(UID, 1)
    assert buried is not None
    assert buried.tombstone


async def test_where_no_tombstone_is_taken_either_the_refusal_counts() -> None:
    lost = KubeUnavailableError(0, "timeout")
    api = ApiServer(raw_job(status=open_attempt()), lost, _QUOTA, _QUOTA)
    context, job, attempt = _start(api)
    with pytest.raises(KubeUnavailableError):
        await launch.create(context, job, attempt)
    await launch.create(context, job, attempt)
    closed = api.job["status"]["attempts"][0]
    assert closed["reason"] == "PodRefused"
    assert "raise the quota" in closed["message"]


@pytest.mark.parametrize("own", [True, False])
async def test_a_name_that_cannot_be_buried_is_ours_or_somebody_elses(own: bool) -> None:
    taken = KubeConflictError(409, "already exists")
    api = ApiServer(raw_job(status=open_attempt()), taken)
    api.pod = _own_pod() if own else raw_pod()
    context, job, attempt = _start(api)
    await launch.bury(context, job, attempt)
    if own:
        assert api.job["status"] == open_attempt()
        assert context.mirror.pod_of(UID, 1) is not None
    else:
        assert api.job["status"]["attempts"][0]["reason"] == "PodNameTaken"


async def _resolve(targets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if targets:
        raise UnresolvableError(f"target {targets[0]} cannot be resolved")
    return {}


def _own_pod() -> dict[str, Any]:
    pod = raw_pod()
    owner = {"kind": "ScanJob", "uid": UID, "controller": True}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}
