"""Namespaces that share a queue, each by its weight, through the real loop and Redis."""

from __future__ import annotations

import random
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.admission.simulator import fair_parts
from tests.integration.admission.yard import Yard
from tests.integration.queueing.helpers import state_of
from tests.support.redis_server import RedisServer


def _fair(slots: int, weights: dict[str, int]) -> dict[str, Any]:
    named = [{"namespace": namespace, "weight": weight} for namespace, weight in weights.items()]
    return {
        "maxConcurrent": slots,
        "ordering": "FairShare",
        "fairShare": {"weights": named},
    }


def _submit(yard: Yard, namespace: str, count: int, **spec: Any) -> None:
    for number in range(count):
        age = count - number
        yard.job(f"{namespace}-{number:03}", "blue", namespace=namespace, age_seconds=age, **spec)


@pytest.mark.parametrize(
    ("slots", "weights"),
    [
        (9, {"a": 1, "b": 1, "c": 1}),
        (10, {"a": 1, "b": 1, "c": 1}),
        (8, {"a": 1, "b": 3}),
        (12, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 5}),
        (10, {"a": 1, "b": 2, "c": 100}),
    ],
    ids=str,
)
async def test_each_namespace_stays_within_one_slot_of_its_part(
    redis: Redis, slots: int, weights: dict[str, int]
) -> None:
    """From a queue that one namespace has filled, as soon as each of its slots was given anew."""
    yard, dice = Yard(redis), random.Random(slots)  # noqa: S311 - repeatable
    yard.queue("blue", maxConcurrent=slots)
    await yard.begin()
    _submit(yard, "a", 8 * slots)
    await yard.work()
    assert yard.running_of("blue") == {"a": slots}
    for namespace in weights.keys() - {"a"}:
        # Young and of no priority: by their scores they would come last.
        _submit(yard, namespace, 8 * slots, priority=-10)
    yard.queue("blue", **_fair(slots, weights))
    await yard.work()

    parts, first = fair_parts(slots, weights), yard.running()
    for turn in range(5 * slots):
        yard.end(dice.choice(sorted(first & yard.running() or yard.running())))
        await yard.work()
        running = yard.running_of("blue")
        assert sum(running.values()) == slots, "no slot stays empty"
        if turn >= slots:
            for namespace, part in parts.items():
                assert abs(running.get(namespace, 0) - part) < 1, (running, weights)


async def test_inside_a_namespace_priority_and_age_decide(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", **_fair(1, {}))
    await yard.begin()
    yard.job("runs", "blue", namespace="a", age_seconds=5000)
    await yard.work()
    yard.job("old", "blue", namespace="b", age_seconds=700)
    yard.job("urgent", "blue", namespace="b", age_seconds=50, priority=1)
    yard.job("more-urgent", "blue", namespace="b", age_seconds=50, priority=2)
    await yard.work()
    admitted = list[str]()
    for _ in range(3):
        yard.end(*yard.running())
        await yard.work()
        admitted += yard.running()
    assert admitted == ["more-urgent", "old", "urgent"]


async def test_what_a_namespace_has_no_use_for_goes_to_the_others_by_weight(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", **_fair(12, {"a": 1, "b": 3, "c": 8}))
    await yard.begin()
    for namespace, count in (("a", 20), ("b", 20), ("c", 0)):
        _submit(yard, namespace, count)
    await yard.work()
    assert yard.running_of("blue") == {"a": 3, "b": 9}
    yard.job("rare", "blue", namespace="c")
    yard.end("a-000")
    await yard.work()
    assert "rare" in yard.running(), "and a namespace of which nothing runs is next"


async def test_the_ordering_of_a_full_queue_is_changed_and_nobody_is_lost(
    redis: Redis, shared_redis: RedisServer
) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrent=2)
    await yard.begin()
    for namespace in ("a", "b", "c"):
        _submit(yard, namespace, 30)
    await yard.work()
    waiting = state_of(shared_redis).waiting
    assert len(waiting) == 88
    for spec in (_fair(2, {"b": 5}), {"maxConcurrent": 2}, _fair(2, {})):
        yard.queue("blue", **spec)
        await yard.work()
        assert state_of(shared_redis).waiting == waiting, "nothing has to move"

    # Whoever leads next goes by what stands in the API then.
    successor = yard.successor()
    await successor.begin()
    await successor.work()
    assert state_of(shared_redis).waiting == waiting
    for name in sorted(successor.running()):
        successor.end(name)
    await successor.work()
    assert len(successor.running_of("blue")) == 2, "of two namespaces, one each"


async def test_a_held_queue_gives_no_slot_and_all_keep_their_place(redis: Redis) -> None:
    yard = Yard(redis)
    fair = _fair(2, {})
    yard.queue("blue", stopPolicy="Hold", **fair)
    await yard.begin()
    for namespace in ("a", "b"):
        _submit(yard, namespace, 3)
    await yard.work()
    assert not yard.running()
    yard.queue("blue", **fair)
    await yard.work()
    assert yard.running() == {"a-000", "b-000"}


async def test_those_put_aside_for_a_target_come_back(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrentPerTarget=1, **_fair(5, {}))
    await yard.begin()
    _submit(yard, "a", 2, targets=["192.0.2.1"])
    _submit(yard, "b", 1, targets=["192.0.2.0/24"])
    yard.job("free", "blue", namespace="b", targets=["198.51.100.1"])
    await yard.work()
    assert yard.running() == {"a-000", "free"}
    yard.end("a-000")
    await yard.work()
    assert yard.running() == {"a-001", "free"}, "nothing of a runs, so it goes before b"


@pytest.mark.parametrize("namespaces", [100, 1000])
async def test_many_namespaces_are_read_a_few_at_a_time(redis: Redis, namespaces: int) -> None:
    """Each has something, most of it unseen, and still each is next when its turn comes."""
    yard = Yard(redis)
    yard.queue("blue", **_fair(70, {}))
    await yard.begin()
    for number in range(namespaces):
        for copy in range(2):
            age = 5000 - number if copy == 0 else 9000
            name = f"{number:04}-{copy}"
            yard.job(name, "blue", namespace=f"ns-{number:04}", age_seconds=age - copy)
    await yard.work()
    assert set(yard.running_of("blue").values()) == {1}
    for _ in range(10):
        yard.end(min(yard.running()))
        await yard.work()
        assert sum(yard.running_of("blue").values()) == 70
    assert set(yard.running_of("blue").values()) == {1}
