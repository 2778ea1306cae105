"""maxConcurrentPerNamespace: a namespace at its limit is in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from scanyard.controller.admission.waiting_reason import waiting_reason
from scanyard.controller.views import view_of
from tests.integration.admission.yard import Yard
from tests.integration.queueing.helpers import state_of
from tests.support.redis_server import RedisServer

_LIMITS: dict[str, Any] = {"maxConcurrent": 4, "maxConcurrentPerNamespace": 2}


def _submit(yard: Yard, namespace: str, count: int, age: int) -> None:
    for number in range(count):
        name = f"{namespace}-{number:03}"
        yard.job(name, "blue", namespace=namespace, age_seconds=age - number)


@pytest.mark.parametrize("ordering", ["Priority", "FairShare"])
async def test_others_go_past_a_long_run_of_its_heads(
    redis: Redis, shared_redis: RedisServer, ordering: str
) -> None:
    yard = Yard(redis)
    yard.queue("blue", ordering=ordering, **_LIMITS)
    await yard.begin()
    _submit(yard, "flood", 300, 5000)
    _submit(yard, "small", 1, 10)
    await yard.work()
    assert yard.running() == {"flood-000", "flood-001", "small-000"}
    # Where they wait has not changed: a reading leaves them out.
    assert len(state_of(shared_redis).waiting) == 298

    yard.end("flood-000")
    await yard.work()
    assert yard.running() == {"flood-001", "flood-002", "small-000"}
    yard.queue("blue", ordering=ordering, maxConcurrent=4, maxConcurrentPerNamespace=3)
    await yard.work()
    assert yard.running_of("blue") == {"flood": 3, "small": 1}


async def test_the_limit_is_that_of_one_queue(redis: Redis) -> None:
    yard = Yard(redis)
    for name in ("blue", "red"):
        yard.queue(name, maxConcurrent=4, maxConcurrentPerNamespace=1)
    await yard.begin()
    for name in ("blue", "red"):
        for number in range(2):
            yard.job(f"{name}-{number}", name, age_seconds=10 - number)
    await yard.work()
    assert yard.running() == {"blue-0", "red-0"}


async def test_it_is_told_why_and_who_is_not_at_a_limit_hears_something_else(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", **_LIMITS)
    await yard.begin()
    _submit(yard, "flood", 3, 100)
    await yard.work()
    jobs, queue = yard.context.mirror.jobs, yard.context.mirror.queues.named("team/blue")
    job = jobs.get("uid-flood-002")
    assert job is not None
    assert waiting_reason(yard.context, job, queue) == (
        "NamespaceLimit",
        "queue blue runs 2 of at most 2 of namespace flood; those of other namespaces go past",
    )
    for namespace in ("b", "c"):
        _submit(yard, namespace, 2, 50)
    await yard.work()
    job = jobs.get("uid-b-001")
    assert job is not None
    assert waiting_reason(yard.context, job, queue)[0] == "QueueFull"


async def test_the_ledger_counts_by_itself(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a leader whose own count is wrong takes no more slots."""
    yard = Yard(redis)
    yard.queue("blue", **_LIMITS)
    await yard.begin()
    _submit(yard, "flood", 5, 100)
    monkeypatch.setattr(yard.context.placement.namespaces, "held", lambda _queue: {})
    await yard.work()
    assert yard.running() == {"flood-000", "flood-001"}


async def test_before_the_pod_it_is_counted_once_more(redis: Redis) -> None:
    """What was admitted and has no Pod when the limit is lowered goes back."""
    yard = Yard(redis)
    yard.queue("blue", **_LIMITS)
    await yard.begin()
    _submit(yard, "flood", 2, 100)
    await yard.work()
    job = yard.context.mirror.jobs.get("uid-flood-001")
    assert job is not None
    assert not view_of(yard.context, job).over_limit
    yard.queue("blue", maxConcurrent=4, maxConcurrentPerNamespace=1)
    assert view_of(yard.context, job).over_limit
