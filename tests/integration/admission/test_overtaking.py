"""Who waits for packets is overtaken so often, and then no more."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.admission.yard import Yard

_SMALL: dict[str, Any] = {"nmap": {"packetsPerSecond": 10}}
_BIG: dict[str, Any] = {"nmap": {"packetsPerSecond": 100}}


@pytest.mark.parametrize("ordering", ["Priority", "FairShare"])
@pytest.mark.parametrize("overtakes", [0, 1, 3])
async def test_so_many_go_past_and_then_the_packets_are_kept(
    redis: Redis, overtakes: int, ordering: str
) -> None:
    yard = Yard(redis)
    limits = {"maxConcurrent": 20, "packetsPerSecond": 100, "maxOvertakes": overtakes}
    yard.queue("blue", ordering=ordering, **limits)
    await yard.begin()
    yard.job("small-0", "blue", age_seconds=100, **_SMALL)
    await yard.work()
    yard.job("big", "blue", age_seconds=90, **_BIG)
    await yard.work()
    assert yard.blocker("big") == "packets/team/blue"

    for number in range(1, 6):
        # Whatever their namespaces run.
        namespace = f"team-{number % 2}"
        age = 50 - number
        yard.job(f"small-{number}", "blue", namespace=namespace, age_seconds=age, **_SMALL)
        await yard.work()
    went_past = {f"small-{number}" for number in range(1, overtakes + 1)}
    assert yard.running() == {"small-0"} | went_past

    yard.job("urgent", "blue", age_seconds=95, **_SMALL)
    await yard.work()
    assert "urgent" in yard.running(), "whoever comes before it is not kept back"

    for name in sorted(yard.running()):
        yard.end(name)
        await yard.work()
    assert yard.running() == {"big"}
    assert yard.packets("big") == 100
    yard.end("big")
    await yard.work()
    assert yard.running() == {f"small-{number}" for number in range(overtakes + 1, 6)}


async def test_those_that_come_together_go_past_no_more_often(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrent=20, packetsPerSecond=100, maxOvertakes=2)
    await yard.begin()
    yard.job("small-0", "blue", age_seconds=100, **_SMALL)
    yard.job("big", "blue", age_seconds=90, **_BIG)
    for number in range(1, 6):
        yard.job(f"small-{number}", "blue", age_seconds=50 - number, **_SMALL)
    await yard.work()
    assert yard.running() == {"small-0", "small-1", "small-2"}


async def test_packets_are_not_kept_for_a_namespace_at_its_limit(redis: Redis) -> None:
    """Else its limit would keep others waiting who have nothing to do with it."""
    yard = Yard(redis)
    limits = {"maxConcurrent": 20, "packetsPerSecond": 100, "maxOvertakes": 0}
    yard.queue("blue", **limits)
    await yard.begin()
    yard.job("small-0", "blue", age_seconds=100, **_SMALL)
    await yard.work()
    yard.job("big", "blue", age_seconds=90, **_BIG)
    yard.job("other", "blue", namespace="ops", **_SMALL)
    await yard.work()
    assert yard.running() == {"small-0"}

    yard.queue("blue", maxConcurrentPerNamespace=1, **limits)
    await yard.work()
    assert yard.running() == {"small-0", "other"}

    for name in ("small-0", "other"):
        yard.end(name)
        await yard.work()
    assert yard.running() == {"big"}


async def test_whoever_is_kept_aside_stays_so_when_it_is_looked_at_again(redis: Redis) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrent=2, maxConcurrentPerTarget=1)
    await yard.begin()
    for name in ("first", "second"):
        yard.job(name, "blue", targets=["192.0.2.0/28"])
    await yard.work()
    aside = yard.blocker("second")
    assert aside.startswith("target/4/32/")

    yard.change("second", priority=5)
    await yard.work()
    assert yard.blocker("second") == aside

    yard.queue("blue", maxConcurrent=2, maxConcurrentPerTarget=2)
    await yard.work()
    assert yard.running() == {"first", "second"}


async def test_a_new_leader_knows_what_runs(redis: Redis) -> None:
    """From status alone: rates as they were admitted, whatever the queue says now."""
    yard = Yard(redis)
    yard.queue("blue", maxConcurrent=2, packetsPerSecond=100)
    await yard.begin()
    yard.job("old", "blue")
    await yard.work()
    assert yard.packets("old") == 50

    yard.queue("blue", maxConcurrent=2, packetsPerSecond=100, defaults={"packetsPerSecond": 60})
    successor = yard.successor()
    await successor.begin()
    successor.job("new", "blue")
    await successor.work()
    assert successor.blocker("new") == "packets/team/blue"
