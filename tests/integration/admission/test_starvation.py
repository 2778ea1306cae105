"""How long anybody waits beside others that never stop coming, measured on the yard's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.admission.yard import Yard

#: Each scan takes so long, and whenever one ends another of the rival's has just come.
_SCAN_SECONDS = 60


async def _seconds_until_admitted(yard: Yard, rival: dict[str, Any], limit_seconds: int) -> int:
    """From now on; `yard` has one slot, and `patient` waits in it."""
    yard.job("rival", **rival)
    await yard.work()
    for turn in range(limit_seconds // _SCAN_SECONDS):
        running = yard.running()
        if running == {"patient"}:
            return turn * _SCAN_SECONDS
        yard.now += timedelta(seconds=_SCAN_SECONDS)
        yard.job(f"rival-{turn:04}", **rival)
        yard.end(*running)
        await yard.work()
    raise AssertionError(f"it still waits after {limit_seconds} s")


@pytest.mark.parametrize(("points", "aging"), [(1, 600), (10, 600), (10, 60), (3, 3600)])
async def test_in_a_queue_a_point_of_priority_is_worth_its_ageing(
    redis: Redis, points: int, aging: int
) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrent=1, agingSeconds=aging)
    await yard.begin()
    yard.job("runs", "blue", priority=100)
    await yard.work()
    yard.job("patient", "blue", priority=0)
    yard.end("runs")
    rival = {"queue": "blue", "priority": points}
    bound = points * aging
    found = await _seconds_until_admitted(yard, rival, 2 * bound + 1000)
    print(f"{points} points, ageing {aging} s: waited {found} s, bound {bound} s and a scan")
    assert bound - _SCAN_SECONDS <= found <= bound + _SCAN_SECONDS


@pytest.mark.parametrize("points", [0, 1, 10])
async def test_among_queues_a_point_of_priority_is_worth_ten_minutes(
    redis: Redis, points: int
) -> None:
    """The queues' own ageing is another matter: it is set so that it would mislead."""
    yard = Yard(redis, max_concurrent_scans=1)
    yard.queue("low", maxConcurrent=5, agingSeconds=0)
    yard.queue("high", maxConcurrent=5, priority=points, agingSeconds=31_536_000)
    await yard.begin()
    yard.job("runs", "high")
    await yard.work()
    yard.job("patient", "low", priority=-100)
    yard.end("runs")
    bound = points * 600
    found = await _seconds_until_admitted(yard, {"queue": "high"}, 2 * bound + 1000)
    print(f"{points} points of queue priority: waited {found} s, bound {bound} s and a scan")
    assert bound - _SCAN_SECONDS <= found <= bound + _SCAN_SECONDS


async def test_queues_take_turns_head_by_head(redis: Redis) -> None:
    yard = Yard(redis, max_concurrent_scans=3)
    for name in ("blue", "red"):
        yard.queue(name, maxConcurrent=10)
    await yard.begin()
    for number in range(6):
        yard.job(f"blue-{number}", "blue", age_seconds=100 - 2 * number)
        yard.job(f"red-{number}", "red", age_seconds=99 - 2 * number)
    await yard.work()
    assert yard.running() == {"blue-0", "red-0", "blue-1"}
    for name in sorted(yard.running()):
        yard.end(name)
    await yard.work()
    assert yard.running() == {"red-1", "blue-2", "red-2"}


async def test_a_namespace_that_has_nothing_running_is_next(redis: Redis) -> None:
    """Beside any number of others' ScanJobs of any priority, and whatever their weight."""
    yard = Yard(redis)
    weights = [{"namespace": "flood", "weight": 1000}]
    fair = {"ordering": "FairShare", "fairShare": {"weights": weights}}
    yard.queue("blue", maxConcurrent=4, **fair)
    await yard.begin()
    for number in range(200):
        name = f"flood-{number:03}"
        yard.job(name, "blue", namespace="flood", age_seconds=5000 - number, priority=100)
    await yard.work()
    for number in range(3):
        yard.job(f"small-{number}", "blue", namespace=f"ns-{number}", priority=-100)
    await yard.work()
    for number in range(3):
        yard.end(min(name for name in yard.running() if name.startswith("flood")))
        await yard.work()
        assert f"small-{number}" in yard.running(), "one end each, the oldest first"
    assert yard.running_of("blue") == {"flood": 1, "ns-0": 1, "ns-1": 1, "ns-2": 1}
