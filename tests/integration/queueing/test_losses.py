"""Every way in which Redis can lose or turn back the ledger is noticed, and a rebuild mends it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import redis as sync_redis
from redis.asyncio import Redis

from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Adopt, Enqueue, OpResult, Park, Release, Take
from scanyard.queueing.readings import Totals
from tests.integration.queueing.helpers import (
    ATTEMPT,
    HURRIED,
    INSTALLATION,
    JOB,
    OTHER,
    Q,
    call_script,
    state_of,
)
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy


def snapshot_of(server: RedisServer) -> bytes:
    with sync_redis.Redis.from_url(server.url) as client:
        client.save()
    return server.read_snapshot()


async def test_a_restart_without_persistence_is_a_total_loss(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        own_redis.restart()
        with pytest.raises(Stale, match="no ledger"):
            await ledger.check()
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]


@pytest.mark.parametrize("lost_changes", [1, 2, 3])
async def test_a_rollback_to_an_older_snapshot_is_noticed(
    own_redis: RedisServer, lost_changes: int
) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        snapshot = snapshot_of(own_redis)
        for change in range(lost_changes):
            await ledger.apply([Adopt(Q, f"team/b/{change}", f"{change}/0/1")])
        own_redis.restart(snapshot)
        with pytest.raises(Stale, match="at seq"):
            await ledger.apply([Take(Q, JOB, ATTEMPT, 1)])
        assert (JOB) in {job for _, job in state_of(own_redis).waiting}


async def test_a_rollback_that_lost_nothing_is_no_loss(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents([Adopt(Q, JOB, ATTEMPT)]))
        own_redis.restart(snapshot_of(own_redis))
        assert await ledger.check() == Totals(jobs=1, running=1)


async def test_a_snapshot_of_an_older_leadership_is_noticed(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        await Ledger(client, INSTALLATION).rebuild(6, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        snapshot = snapshot_of(own_redis)
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents())
        own_redis.restart(snapshot)
        with pytest.raises(Stale, match="older fence"):
            await ledger.check()
        await ledger.rebuild(7, LedgerContents())
        assert state_of(own_redis).leftovers == frozenset()


async def test_an_open_change_survives_the_rollback_that_undid_just_it(
    own_redis: RedisServer,
) -> None:
    async with TcpProxy(own_redis.port) as proxy, open_client(proxy.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents())
        await ledger.apply([Enqueue(Q, JOB, 1.0)])
        snapshot = snapshot_of(own_redis)
        proxy.silence(True)
        with pytest.raises(LedgerUnavailable):
            await ledger.apply([Take(Q, JOB, ATTEMPT, 1)])
        assert state_of(own_redis).holding, "the change was made, only the answer was lost"
        own_redis.restart(snapshot)
        proxy.silence(False)
        assert await ledger.check() == Totals(jobs=1, running=1)
        assert state_of(own_redis).holding == {(Q, JOB): ATTEMPT}


async def test_a_failover_that_lost_the_last_writes_is_noticed(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "replica").mkdir()
    with RedisServer(tmp_path / "replica", "repl-diskless-sync-delay", "0") as replica:
        async with (
            TcpProxy(own_redis.port) as replication,
            TcpProxy(own_redis.port) as service,
            open_client(service.url) as client,
            open_client(replica.url) as replica_client,
            open_client(own_redis.url) as primary_client,
        ):
            await primary_client.config_set("repl-diskless-sync-delay", 0)
            ledger = Ledger(client, INSTALLATION, timing=HURRIED)
            await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
            await replica_client.replicaof("127.0.0.1", str(replication.port))
            await _until_replicated(replica_client)
            replication.lead_to(1)  # the replica hears nothing more
            assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]

            own_redis.kill()
            await replica_client.replicaof("NO", "ONE")
            service.lead_to(replica.port)
            with pytest.raises(Stale, match="at seq"):
                await ledger.check()
            await ledger.rebuild(7, LedgerContents([Adopt(Q, JOB, ATTEMPT)]))
            assert state_of(replica).holding == {(Q, JOB): ATTEMPT}


async def test_a_failover_that_lost_nothing_goes_on_where_it_stood(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "replica").mkdir()
    with RedisServer(tmp_path / "replica", "repl-diskless-sync-delay", "0") as replica:
        async with (
            TcpProxy(own_redis.port) as service,
            open_client(service.url) as client,
            open_client(replica.url) as replica_client,
            open_client(own_redis.url) as primary_client,
        ):
            await primary_client.config_set("repl-diskless-sync-delay", 0)
            ledger = Ledger(client, INSTALLATION, timing=HURRIED)
            await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
            await replica_client.replicaof("127.0.0.1", str(own_redis.port))
            await _until_replicated(replica_client)
            await replica_client.replicaof("NO", "ONE")
            await primary_client.replicaof("127.0.0.1", str(replica.port))
            service.lead_to(replica.port, cut=False)  # as a Service does: connections stay

            assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]
            assert state_of(replica).holding == {(Q, JOB): ATTEMPT}


async def _until_replicated(replica: Redis) -> None:
    deadline = time.monotonic() + 20
    while (await replica.info("replication"))["master_link_status"] != "up":
        assert time.monotonic() < deadline, "the replica never caught up"
        await asyncio.sleep(0.05)


async def test_a_lost_header_is_a_loss_and_the_rebuild_clears_what_it_left(
    ledger: Ledger, redis: Redis, shared_redis: RedisServer
) -> None:
    await ledger.apply([Enqueue(Q, JOB, 1.0), Adopt(OTHER, "team/b/2", "2/0/1")])
    await redis.delete(f"{{scanyard:{INSTALLATION}}}:ledger")
    with pytest.raises(Stale, match="no ledger"):
        await ledger.check()
    await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
    state = state_of(shared_redis)
    assert (state.waiting, state.holding, state.leftovers) == ({(Q, JOB): 1.0}, {}, frozenset())


@pytest.mark.parametrize("fence", [7, 8])
async def test_a_process_that_dies_in_mid_rebuild_leaves_nothing_behind(
    ledger: Ledger, redis: Redis, shared_redis: RedisServer, fence: int
) -> None:
    await ledger.apply([Enqueue(Q, f"team/old/{i}", 1.0) for i in range(3)])
    began = 2**52
    with sync_redis.Redis.from_url(shared_redis.url, decode_responses=True) as dying:
        call_script(dying, "rebuild_begin", fence, began, 1)
        call_script(dying, "rebuild_chunk", fence, began, 0, "enqueue", Q, "team/half/1", 1)
    next_process = Ledger(redis, INSTALLATION)
    await next_process.rebuild(fence, LedgerContents([Adopt(Q, JOB, ATTEMPT)]))
    state = state_of(shared_redis)
    assert (state.waiting, state.holding, state.leftovers) == ({}, {(Q, JOB): ATTEMPT}, frozenset())
    assert int(state.header["seq"]) == began + 1, "a clock that is behind does not matter"
    assert await next_process.apply([Release(Q, JOB, ATTEMPT)]) == [OpResult.RELEASED]


async def test_a_flush_in_mid_rebuild_fails_the_rebuild(
    redis: Redis, shared_redis: RedisServer
) -> None:
    observed: list[str] = []

    def flush_after_the_first_chunk(name: str, _seconds: float) -> None:
        observed.append(name)
        if observed.count("rebuild_chunk") == 1 and name == "rebuild_chunk":
            with sync_redis.Redis.from_url(shared_redis.url) as other:
                other.flushall()

    ledger = Ledger(redis, INSTALLATION, observe=flush_after_the_first_chunk)
    contents = LedgerContents(Enqueue(Q, f"team/b/{i}", 1.0) for i in range(600))
    with pytest.raises(Stale):
        await ledger.rebuild(7, contents)
    assert not ledger.ready
    with pytest.raises(Stale):
        await ledger.check()
    await ledger.rebuild(7, contents)
    assert await ledger.check() == Totals(jobs=600, running=0)


async def test_a_clock_that_went_back_does_not_reuse_a_seq(
    redis: Redis, shared_redis: RedisServer
) -> None:
    moments = iter([5_000_000, 1_000_000, 900_000])
    ledger = Ledger(redis, INSTALLATION, unix_microseconds=lambda: next(moments))
    seqs = []
    for _ in range(2):
        await ledger.rebuild(7, LedgerContents())
        await ledger.apply([Enqueue(Q, JOB, 1.0)])
        seqs.append(int(state_of(shared_redis).header["seq"]))
        await redis.flushall()
    await ledger.rebuild(7, LedgerContents())
    seqs.append(int(state_of(shared_redis).header["seq"]))
    assert seqs == sorted(set(seqs))


async def test_a_rebuild_unlinks_many_old_keys_a_few_at_a_time(
    ledger: Ledger, shared_redis: RedisServer
) -> None:
    for first in range(0, 2000, 200):
        await ledger.apply(
            [Park(Q, f"a/b/{i}", f"after/{i}", 1.0) for i in range(first, first + 200)]
        )
    await ledger.rebuild(7, LedgerContents())
    state = state_of(shared_redis)
    assert (state.parked, state.leftovers) == ({}, frozenset())


def test_contents_with_two_places_for_a_job_are_refused() -> None:
    with pytest.raises(ValueError, match="one place only"):
        LedgerContents([Enqueue(Q, JOB, 1.0), Adopt(Q, JOB, ATTEMPT)])
