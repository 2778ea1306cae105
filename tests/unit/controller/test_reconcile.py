"""What is counted and told when an attempt ends: each attempt once, and the ScanJob at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY, generate_latest

from scanyard.controller.context import Context
from scanyard.controller.reconcile import reconcile
from scanyard.controller.workqueue import WorkQueue
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeConflictError
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.queueing.operations import Operation, OpResult
from scanyard.queueing.writer import LedgerWriter
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

_LABELS = {"queue_namespace": "team", "queue": "default", "scanner": "nmap"}
_TIMEOUT = {
    "maxAttempts": 2,
    "backoffSeconds": 10,
    "maxBackoffSeconds": 300,
    "causes": ["Timeout"],
}


class ApiServer:
    """Keeps one ScanJob's status; the first `conflicts` writes are answered 409."""

    def __init__(self, job: dict[str, Any], *, conflicts: int = 0) -> None:
        self.job = job
        self.events: list[dict[str, Any]] = []
        self._conflicts = conflicts

    async def patch_status(self, *arguments: Any) -> dict[str, Any]:
        if self._conflicts:
            self._conflicts -= 1
            raise KubeConflictError(409, "changed")
        self.replace_status({**self.job["status"], **arguments[3]})
        return self.job

    def replace_status(self, status: dict[str, Any]) -> None:
        version = str(int(self.job["metadata"]["resourceVersion"]) + 1)
        meta = {**self.job["metadata"], "resourceVersion": version}
        self.job = {**self.job, "metadata": meta, "status": status}

    async def get(self, *_: Any) -> dict[str, Any]:
        return self.job

    async def create(self, _resource: Any, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.events.append(body)
        return body


class Ledger:
    """Takes every operation."""

    async def submit_all(self, operations: Sequence[Operation]) -> list[OpResult]:
        return [OpResult.QUEUED for _ in operations]


def _context(api: ApiServer) -> Context:
    kube, ledger = cast("KubeClient", api), cast("LedgerWriter", Ledger())
    context = Context(Settings(), kube, ledger, 7, DenyList(()), now=lambda: NOW)
    context.ledger_current = True
    context.mirror.queues.put(raw_queue())
    context.mirror.jobs.put(api.job)
    return context


def _timed_out_pod(attempt: int) -> dict[str, Any]:
    state = terminated(report(complete=False, reason="Interrupted"), exit_code=130)
    pod = raw_pod(state=state, attempt=attempt, reason="DeadlineExceeded")
    pod["metadata"]["resourceVersion"] = "300"
    return pod


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, _LABELS | labels) or 0.0


def _counts() -> tuple[float, float, float, float]:
    """Attempts, retries, timed out ScanJobs, measured runs."""
    return (
        _value("scanyard_attempts_ended_total", reason="TimedOut"),
        _value("scanyard_retries_total", cause="Timeout"),
        _value("scanyard_scan_timeouts_total"),
        _value("scanyard_scan_run_seconds_count"),
    )


async def test_a_retried_scan_is_not_counted_twice() -> None:
    before = _counts()
    api = ApiServer(raw_job(status=open_attempt(), retry=_TIMEOUT))
    context = _context(api)
    context.mirror.pods.put(_timed_out_pod(1))

    for _ in range(3):
        await reconcile(context, UID)

    assert [new - old for new, old in zip(_counts(), before, strict=True)] == [1, 1, 0, 1]
    assert api.job["status"]["phase"] == "Queued"
    assert api.events == [], "it is not over"

    api.replace_status({**api.job["status"], **open_attempt(2)})
    context.mirror.jobs.put(api.job)
    context.mirror.pods.put(_timed_out_pod(2))
    for _ in range(3):
        await reconcile(context, UID)

    assert [new - old for new, old in zip(_counts(), before, strict=True)] == [2, 1, 1, 2]
    assert api.job["status"]["phase"] == "TimedOut"
    assert len(api.events) == 1


async def test_what_waited_in_a_queue_that_is_not_there_makes_no_series_of_that_name() -> None:
    """Whoever may write ScanJobs could make as many as he likes."""
    name = "scanyard_scans_finished_total"
    nobody = {"queue_namespace": "(none)", "queue": "(none)", "phase": "Cancelled"}
    before = REGISTRY.get_sample_value(name, nobody) or 0.0
    api = ApiServer(raw_job(cancel=True, queueRef={"name": "invented"}))
    await reconcile(_context(api), UID)
    assert api.job["status"]["phase"] == "Cancelled"
    assert REGISTRY.get_sample_value(name, nobody) == before + 1
    assert "invented" not in generate_latest().decode()


async def test_an_end_that_could_not_be_written_is_not_counted_yet() -> None:
    before = _counts()
    api = ApiServer(raw_job(status=open_attempt(), retry=_TIMEOUT), conflicts=1)
    context = _context(api)
    context.mirror.pods.put(_timed_out_pod(1))

    await reconcile(context, UID)

    assert _counts() == before
    await reconcile(context, UID)
    assert [new - old for new, old in zip(_counts(), before, strict=True)] == [1, 1, 0, 1]


@pytest.mark.parametrize("left", [10, 250])
async def test_a_back_off_is_looked_at_again_when_it_ends(left: int) -> None:
    status = open_attempt(endedAt=at(-1)) | {"phase": "Queued", "failures": 1, "retryAt": at(left)}
    context = _context(ApiServer(raw_job(status=status)))
    clock = _Clock(NOW)
    context.now = clock
    context.dirty = WorkQueue(lambda: clock().timestamp())

    await reconcile(context, UID)

    clock.now += timedelta(seconds=left)
    async with asyncio.timeout(5), context.dirty.next() as uid:
        assert uid == UID
    standing = context.placement.get(UID)
    assert standing is not None
    assert isinstance(standing.place, Parked)
    await reconcile(context, UID)
    standing = context.placement.get(UID)
    assert standing is not None
    assert isinstance(standing.place, Waiting)


class _Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
