"""A change whose answer is lost is made exactly once, and nothing overtakes it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from scanyard.queueing.channel import Channel
from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Drop, Enqueue, OpResult, Release, Requeue, Take
from scanyard.queueing.readings import Totals
from tests.integration.queueing.helpers import (
    ATTEMPT,
    HURRIED,
    INSTALLATION,
    JOB,
    OTHER,
    Q,
    state_of,
)
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy


@pytest.fixture
async def holding(remote_ledger: Ledger) -> Ledger:
    """A ledger behind the proxy in which JOB holds a slot, all scripts being known to Redis."""
    await remote_ledger.apply([Enqueue(Q, JOB, 1.0), Take(Q, JOB, ATTEMPT, 1)])
    await remote_ledger.check()
    return remote_ledger


def seq_of(server: RedisServer) -> int:
    return int(state_of(server).header["seq"])


@pytest.mark.parametrize("times", [1, 3])
async def test_a_connection_cut_after_the_change_replays_its_reply(
    holding: Ledger, proxy: TcpProxy, shared_redis: RedisServer, times: int
) -> None:
    seq = seq_of(shared_redis)
    proxy.cut_after_server(times)
    assert await holding.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.RELEASED]
    assert seq_of(shared_redis) == seq + 1
    assert await holding.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.NOT_HELD]


@pytest.mark.parametrize("times", [1, 3])
async def test_a_connection_cut_before_the_change_sends_it_again(
    holding: Ledger, proxy: TcpProxy, shared_redis: RedisServer, times: int
) -> None:
    seq = seq_of(shared_redis)
    proxy.cut_before_server(times)
    assert await holding.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.RELEASED]
    assert seq_of(shared_redis) == seq + 1


async def test_two_copies_that_both_arrive_change_once(
    holding: Ledger, redis: Redis, shared_redis: RedisServer
) -> None:
    seq = seq_of(shared_redis)
    await redis.client_pause(450, all=False)  # longer than a command's time, shorter than giving up
    assert await holding.apply([Requeue(Q, JOB, ATTEMPT, 2.0)]) == [OpResult.REQUEUED]
    assert seq_of(shared_redis) == seq + 1


@pytest.mark.parametrize("has_run", [True, False])
async def test_an_open_change_is_settled_before_the_next(
    holding: Ledger, proxy: TcpProxy, shared_redis: RedisServer, has_run: bool
) -> None:
    seq = seq_of(shared_redis)
    if has_run:
        proxy.silence(True)
    else:
        proxy.cut_before_server(1000)
    with pytest.raises(LedgerUnavailable, match="does not answer apply"):
        await holding.apply([Requeue(Q, JOB, ATTEMPT, 2.0)])
    assert seq_of(shared_redis) == seq + has_run
    proxy.silence(False)
    proxy.cut_before_server(0)

    results = await holding.apply([Take(Q, JOB, "uid-1/0/2", 1)])
    assert results == [OpResult.TAKEN], "it waits again, so the first change came first"
    assert seq_of(shared_redis) == seq + 2


async def test_a_reading_settles_the_open_change_first(holding: Ledger, proxy: TcpProxy) -> None:
    proxy.cut_before_server(1000)
    with pytest.raises(LedgerUnavailable):
        await holding.apply([Enqueue(OTHER, "team/b/2", 1.0)])
    proxy.cut_before_server(0)
    assert (await holding.heads([OTHER], 1))[OTHER].waiting == 1
    assert await holding.check() == Totals(jobs=2, running=1)


async def test_nothing_is_sent_past_an_open_change_while_redis_is_away(
    holding: Ledger, proxy: TcpProxy, shared_redis: RedisServer
) -> None:
    seq = seq_of(shared_redis)
    proxy.cut_before_server(10_000)
    for job in ("team/b/2", "team/c/3"):
        with pytest.raises(LedgerUnavailable):
            await holding.apply([Enqueue(OTHER, job, 1.0)])
    with pytest.raises(LedgerUnavailable):
        await holding.check()
    proxy.cut_before_server(0)
    await holding.check()
    assert seq_of(shared_redis) == seq + 1
    assert (OTHER, "team/c/3") not in state_of(shared_redis).waiting


async def test_a_cancelled_caller_leaves_its_change_to_be_settled(
    holding: Ledger, redis: Redis, shared_redis: RedisServer
) -> None:
    seq = seq_of(shared_redis)
    await redis.client_pause(200)
    caller = asyncio.create_task(holding.apply([Requeue(Q, JOB, ATTEMPT, 2.0)]))
    await asyncio.sleep(0.05)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await holding.apply([Drop(JOB)]) == [OpResult.DROPPED]
    assert seq_of(shared_redis) == seq + 2


async def test_an_open_change_is_forgotten_by_a_rebuild(holding: Ledger, proxy: TcpProxy) -> None:
    proxy.cut_before_server(1000)
    with pytest.raises(LedgerUnavailable):
        await holding.apply([Enqueue(OTHER, "team/b/2", 1.0)])
    proxy.cut_before_server(0)
    await holding.rebuild(7, LedgerContents())
    assert await holding.check() == Totals(jobs=0, running=0)


async def test_giving_up_takes_a_bounded_time(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents())
        own_redis.kill()
        started = time.monotonic()
        with pytest.raises(LedgerUnavailable, match="does not answer heads"):
            await ledger.check()
        assert time.monotonic() - started < 2 * HURRIED.give_up_seconds


async def test_a_rebuild_survives_lost_answers(
    remote_ledger: Ledger, proxy: TcpProxy, shared_redis: RedisServer
) -> None:
    contents = LedgerContents(Enqueue(Q, f"team/b/{i}", float(i)) for i in range(300))
    sent = len(proxy.requests)
    await remote_ledger.rebuild(7, contents)
    commands = len(proxy.requests) - sent
    assert commands >= 4
    for request in range(commands):
        proxy.cut_after_server(sparing=request)
        await remote_ledger.rebuild(7, contents)
        assert await remote_ledger.check() == Totals(jobs=300, running=0)
        assert len(state_of(shared_redis).waiting) == 300


async def test_a_redis_that_forgot_the_scripts_gets_them_again(
    holding: Ledger, redis: Redis
) -> None:
    await redis.script_flush()
    assert await holding.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.RELEASED]


async def test_a_demoted_redis_is_unavailable_and_says_why(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents())
        await client.replicaof("127.0.0.1", "1")
        with pytest.raises(LedgerUnavailable, match="read only replica"):
            await ledger.apply([Enqueue(Q, JOB, 1.0)])
        await client.replicaof("NO", "ONE")
        assert await ledger.check() == Totals(jobs=1, running=0), "the open change came first"


async def test_a_full_redis_is_named_and_loses_nothing_once_it_has_room(
    own_redis: RedisServer,
) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents([Enqueue(OTHER, "team/b/2", 1.0)]))
        await client.config_set("maxmemory", "1")
        with pytest.raises(LedgerMisconfigured, match="raise maxmemory"):
            await ledger.apply([Enqueue(Q, JOB, 1.0), Drop("team/b/2")])
        assert (OTHER, "team/b/2") in state_of(own_redis).waiting, "all or nothing"
        await client.config_set("maxmemory", "0")
        assert await ledger.check() == Totals(jobs=1, running=0)
        assert (Q, JOB) in state_of(own_redis).waiting


async def test_a_full_redis_can_still_be_rebuilt_and_take_back_slots(
    own_redis: RedisServer,
) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        await ledger.apply([Take(Q, JOB, ATTEMPT, 1)])
        await client.config_set("maxmemory", "1")
        assert await ledger.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.RELEASED]


async def test_stale_is_remembered_without_asking_redis(
    holding: Ledger, redis: Redis, proxy: TcpProxy
) -> None:
    await redis.flushall()
    with pytest.raises(Stale):
        await holding.check()
    sent = len(proxy.requests)
    with pytest.raises(Stale):
        await holding.apply([Drop(JOB)])
    assert len(proxy.requests) == sent


async def test_a_task_that_is_cancelled_ends_wherever_its_command_is(ledger: Ledger) -> None:
    """Else it goes on for ever in a process that is to end, and waits for all of its tasks."""
    await ledger.check()
    for turns in range(1, 100):
        asked = asyncio.create_task(ledger.check())
        for _ in range(turns):
            await asyncio.sleep(0)
        if asked.done():
            break
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert turns > 1


async def test_a_task_that_is_cancelled_ends_also_where_its_command_fails_then(
    redis: Redis,
) -> None:
    channel = Channel(redis, HURRIED, lambda *_: None)
    asked = asyncio.Event()

    async def swallows(_: Redis) -> None:
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise ConnectionError("cut off")

    asking = asyncio.create_task(channel.ask("anything", swallows))
    await asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
