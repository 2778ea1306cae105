"""Many callers share few batches, and each gets what is its own."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import Fenced, LedgerClosed, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Drop, Enqueue, Operation, OpResult, Take
from scanyard.queueing.readings import Totals
from scanyard.queueing.writer import LedgerWriter
from tests.integration.queueing.helpers import INSTALLATION, JOB, Q, state_of
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy


@pytest.fixture
async def counted(redis: Redis) -> tuple[Ledger, list[str]]:
    """A ledger, and the names of the scripts that it has called since it was built."""
    calls: list[str] = []
    ledger = Ledger(redis, INSTALLATION, observe=lambda name, _seconds: calls.append(name))
    await ledger.rebuild(7, LedgerContents())
    calls.clear()
    return ledger, calls


async def test_callers_that_come_together_share_batches(
    counted: tuple[Ledger, list[str]],
) -> None:
    ledger, calls = counted
    async with LedgerWriter(ledger) as writer:
        results = await asyncio.gather(
            *(writer.submit(Enqueue(Q, f"a/b/{i}", float(i))) for i in range(1000))
        )
    assert results == [OpResult.QUEUED] * 1000
    assert calls == ["apply"] * 4, "1000 operations are 4 batches of up to 256"
    assert await ledger.check() == Totals(jobs=1000, running=0)


async def test_what_comes_while_a_batch_is_in_flight_is_the_next_batch(
    counted: tuple[Ledger, list[str]], redis: Redis
) -> None:
    ledger, calls = counted
    async with LedgerWriter(ledger) as writer:
        await redis.client_pause(150)
        first = asyncio.create_task(writer.submit(Enqueue(Q, JOB, 1.0)))
        await asyncio.sleep(0.05)
        later = [asyncio.create_task(writer.submit(Drop(f"a/b/{i}"))) for i in range(20)]
        assert await first == OpResult.QUEUED
        assert await asyncio.gather(*later) == [OpResult.ABSENT] * 20
    assert calls == ["apply", "apply"]


async def test_each_caller_gets_its_own_result_in_its_own_order(
    counted: tuple[Ledger, list[str]],
) -> None:
    ledger, _ = counted
    async with LedgerWriter(ledger) as writer:
        await writer.submit_all([Enqueue(Q, f"a/b/{i}", float(i)) for i in range(10)])
        takes = [writer.submit(Take(Q, f"a/b/{i}", f"{i}/0/1", 3)) for i in range(10)]
        results = await asyncio.gather(*takes)
        assert results == [OpResult.TAKEN] * 3 + [OpResult.FULL] * 7
        chain: list[Operation] = [Enqueue(Q, JOB, 1.0), Drop(JOB), Drop(JOB)]
        wanted = [OpResult.QUEUED, OpResult.DROPPED, OpResult.ABSENT]
        assert await writer.submit_all(chain) == wanted
        assert await writer.submit_all([]) == []


async def test_more_operations_than_a_batch_holds_keep_their_order(
    counted: tuple[Ledger, list[str]],
) -> None:
    ledger, calls = counted
    async with LedgerWriter(ledger) as writer:
        operations: list[Operation] = [
            op for i in range(300) for op in (Enqueue(Q, f"a/b/{i}", 1.0), Drop(f"a/b/{i}"))
        ]
        results = await writer.submit_all(operations)
    assert results == [OpResult.QUEUED, OpResult.DROPPED] * 300
    assert len(calls) == 3


async def test_a_caller_that_is_cancelled_before_its_turn_takes_its_operation_back(
    counted: tuple[Ledger, list[str]], redis: Redis, shared_redis: RedisServer
) -> None:
    ledger, _ = counted
    async with LedgerWriter(ledger) as writer:
        await redis.client_pause(150)
        first = asyncio.create_task(writer.submit(Enqueue(Q, "a/b/1", 1.0)))
        await asyncio.sleep(0.03)
        cancelled = asyncio.create_task(writer.submit(Enqueue(Q, "a/b/2", 1.0)))
        third = asyncio.create_task(writer.submit(Enqueue(Q, "a/b/3", 1.0)))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(first, third)
    assert state_of(shared_redis).waiting.keys() == {(Q, "a/b/1"), (Q, "a/b/3")}
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_a_caller_cancelled_in_flight_does_not_disturb_the_others(
    counted: tuple[Ledger, list[str]], redis: Redis
) -> None:
    ledger, _ = counted
    async with LedgerWriter(ledger) as writer:
        await redis.client_pause(150)
        callers = [asyncio.create_task(writer.submit(Drop(f"a/b/{i}"))) for i in range(3)]
        await asyncio.sleep(0.03)
        callers[1].cancel()
        assert await callers[0] == await callers[2] == OpResult.ABSENT


async def test_all_callers_of_a_failed_batch_get_its_exception(
    remote_ledger: Ledger, proxy: TcpProxy
) -> None:
    async with LedgerWriter(remote_ledger) as writer:
        proxy.cut_before_server(10_000)
        callers = [writer.submit(Enqueue(Q, f"a/b/{i}", 1.0)) for i in range(5)]
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(result) for result in results] == [LedgerUnavailable] * 5
        proxy.cut_before_server(0)
        assert await writer.submit(Drop("a/b/3")) == OpResult.DROPPED, "the open batch came first"
        proxy.cut_before_server(10_000)
        with pytest.raises(LedgerUnavailable):
            await writer.submit_all([Drop("a/b/1"), Drop("a/b/2")])


async def test_stale_and_fenced_reach_every_caller_and_a_rebuild_revives_the_writer(
    counted: tuple[Ledger, list[str]], redis: Redis
) -> None:
    ledger, _ = counted
    async with LedgerWriter(ledger) as writer:
        await redis.flushall()
        callers = [writer.submit(Drop(JOB)), writer.submit(Drop(JOB))]
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(result) for result in results] == [Stale, Stale]
        await ledger.rebuild(7, LedgerContents())
        assert await writer.submit(Drop(JOB)) == OpResult.ABSENT
        await Ledger(redis, INSTALLATION).rebuild(8, LedgerContents())
        for _ in range(2):
            with pytest.raises(Fenced):
                await writer.submit(Drop(JOB))


async def test_closing_ends_what_was_submitted_and_takes_nothing_more(
    counted: tuple[Ledger, list[str]],
) -> None:
    ledger, calls = counted
    writer = LedgerWriter(ledger)
    await writer.close()
    writer = LedgerWriter(ledger)
    callers = [asyncio.create_task(writer.submit(Drop(f"a/b/{i}"))) for i in range(600)]
    await asyncio.sleep(0)
    await writer.close()
    assert calls == ["apply"] * 3
    assert await asyncio.gather(*callers) == [OpResult.ABSENT] * 600
    with pytest.raises(LedgerClosed):
        await writer.submit(Drop(JOB))
