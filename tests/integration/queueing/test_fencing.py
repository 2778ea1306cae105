"""Who may use the ledger: fences, seqs, replays, and two processes that both believe they lead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import Fenced, InvalidBatch, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Adopt, Drop, Enqueue, OpResult, Park
from scanyard.queueing.readings import Totals
from tests.integration.queueing.helpers import (
    ATTEMPT,
    INSTALLATION,
    JOB,
    OTHER,
    Q,
    call_script,
    state_of,
)
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy

USES: dict[str, Callable[[Ledger], Awaitable[object]]] = {
    "apply": lambda ledger: ledger.apply([Drop(JOB)]),
    "heads": lambda ledger: ledger.heads([Q], 5),
    "ranks": lambda ledger: ledger.ranks([(Q, JOB)]),
    "parked": lambda ledger: ledger.parked("time", 5),
    "entries": lambda ledger: ledger.entries(),
    "check": lambda ledger: ledger.check(),
}


@pytest.fixture(params=USES, ids=str)
def use(request: pytest.FixtureRequest) -> Callable[[Ledger], Awaitable[object]]:
    return USES[request.param]


Use = Callable[[Ledger], Awaitable[object]]


async def test_a_ledger_that_this_process_has_not_built_is_stale(redis: Redis, use: Use) -> None:
    ledger = Ledger(redis, INSTALLATION)
    assert not ledger.ready
    with pytest.raises(Stale, match="not built"):
        await use(ledger)


async def test_a_newer_leader_fences_the_older(ledger: Ledger, redis: Redis, use: Use) -> None:
    await Ledger(redis, INSTALLATION).rebuild(8, LedgerContents([Enqueue(Q, JOB, 1.0)]))
    for _ in range(2):
        with pytest.raises(Fenced, match="fence 7, the ledger has 8"):
            await use(ledger)
    assert not ledger.ready
    with pytest.raises(Fenced):
        await ledger.rebuild(9, LedgerContents())


async def test_a_fenced_rebuild_changes_nothing(redis: Redis, shared_redis: RedisServer) -> None:
    await Ledger(redis, INSTALLATION).rebuild(8, LedgerContents([Adopt(Q, JOB, ATTEMPT)]))
    before = state_of(shared_redis)
    with pytest.raises(Fenced):
        await Ledger(redis, INSTALLATION).rebuild(7, LedgerContents())
    assert state_of(shared_redis) == before


async def test_a_flushed_ledger_is_stale_until_rebuilt(
    ledger: Ledger, redis: Redis, use: Use
) -> None:
    await redis.flushall()
    for _ in range(2):
        with pytest.raises(Stale):
            await use(ledger)
    assert not ledger.ready
    await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
    await use(ledger)


async def test_two_processes_with_one_fence_do_not_share_a_ledger(
    ledger: Ledger, redis: Redis, use: Use
) -> None:
    twin = Ledger(redis, INSTALLATION)
    await twin.rebuild(7, LedgerContents())
    with pytest.raises(Stale, match="seq"):
        await use(ledger)
    await twin.check()


async def test_everything_is_stale_while_another_rebuilds(
    ledger: Ledger, shared_redis: RedisServer, use: Use
) -> None:
    with SyncRedis.from_url(shared_redis.url, decode_responses=True) as other:
        call_script(other, "rebuild_begin", 7, 9_000_000_000_000_000, 100)
    with pytest.raises(Stale, match="being rebuilt"):
        await use(ledger)


async def test_a_higher_fence_than_the_stored_one_is_stale_but_for_a_rebuild(
    ledger: Ledger, shared_redis: RedisServer
) -> None:
    seq = int(state_of(shared_redis).header["seq"])
    with SyncRedis.from_url(shared_redis.url, decode_responses=True) as other:
        assert call_script(other, "apply", 8, seq + 1, "drop", JOB)[0] == "STALE"
        assert call_script(other, "heads", 8, seq, 5, Q)[0] == "STALE"
        assert call_script(other, "rebuild_commit", 8, seq, 0)[0] == "STALE"
    await ledger.check()


@pytest.mark.parametrize(("offset", "status"), [(-1, "STALE"), (0, "OK"), (1, "OK"), (2, "STALE")])
async def test_only_the_last_and_the_next_seq_are_answered(
    ledger: Ledger, shared_redis: RedisServer, offset: int, status: str
) -> None:
    await ledger.apply([Enqueue(Q, JOB, 1.0)])
    seq = int(state_of(shared_redis).header["seq"])
    with SyncRedis.from_url(shared_redis.url, decode_responses=True) as other:
        reply = call_script(other, "apply", 7, seq + offset, "drop", JOB)
    assert reply[0] == status
    if offset == 0:
        assert reply == ["OK", "QUEUED"], "the stored reply, whatever was sent"
    assert bool(state_of(shared_redis).waiting) == (offset != 1)


@pytest.mark.parametrize(
    "words",
    [
        ("drop",),
        ("drop", ""),
        ("drop", "two words"),
        ("forget", JOB),
        ("enqueue", Q, JOB, "soon"),
        ("enqueue", Q, JOB, "inf"),
        ("enqueue", Q, JOB, "nan"),
        ("take", Q, JOB, ATTEMPT, "-1", "0"),
        ("take", Q, JOB, ATTEMPT, "1.5", "0"),
        ("drop", JOB) * 257,
        (),
    ],
    ids=lambda words: " ".join(words)[:40] or "none",
)
async def test_a_malformed_batch_changes_nothing_at_all(
    ledger: Ledger, shared_redis: RedisServer, words: tuple[str, ...]
) -> None:
    await ledger.apply([Enqueue(Q, JOB, 1.0)])
    before = state_of(shared_redis)
    batch = ("drop", JOB, *words) if len(words) < 500 and words else words
    with SyncRedis.from_url(shared_redis.url, decode_responses=True) as other:
        reply = _error(other, int(before.header["seq"]) + 1, batch)
    assert reply.startswith("SCANYARD_INVALID")
    assert state_of(shared_redis) == before


async def test_a_malformed_batch_is_its_callers_defect_and_harms_nobody_else(
    ledger: Ledger,
) -> None:
    malformed = Drop(JOB)
    object.__setattr__(malformed, "job", "two words")
    with pytest.raises(InvalidBatch, match="drop has a bad field"):
        await ledger.apply([malformed])
    assert await ledger.apply([Drop(JOB)]) == [OpResult.ABSENT]


async def test_late_duplicates_change_nothing(
    shared_redis: RedisServer, proxy: TcpProxy, remote_ledger: Ledger
) -> None:
    await remote_ledger.rebuild(
        7, LedgerContents([Enqueue(Q, JOB, 1.0), Park(OTHER, "team/b/2", "time", 1.0)])
    )
    await remote_ledger.apply([Adopt(Q, JOB, ATTEMPT)])
    await remote_ledger.apply([Enqueue(OTHER, "team/c/3", 1.0)])
    await remote_ledger.apply([Drop("team/c/3")])
    sent = list(proxy.requests)
    before = state_of(shared_redis)
    for request in sent[:-1]:
        answer = await proxy.repeat(request)
        assert b"STALE" in answer or b"BEHIND" in answer, (request, answer)
        assert state_of(shared_redis) == before
    assert b"OK" in await proxy.repeat(sent[-1])
    assert state_of(shared_redis) == before
    assert await remote_ledger.check() == Totals(jobs=2, running=1)


async def test_late_duplicates_from_before_a_loss_change_nothing_after_the_rebuild(
    redis: Redis, shared_redis: RedisServer, proxy: TcpProxy, remote_ledger: Ledger
) -> None:
    for score in range(5):
        await remote_ledger.apply([Enqueue(Q, JOB, float(score))])
    sent = list(proxy.requests)
    await redis.flushall()
    await remote_ledger.rebuild(7, LedgerContents([Adopt(Q, JOB, ATTEMPT)]))
    before = state_of(shared_redis)
    for request in sent:
        await proxy.repeat(request)
        assert state_of(shared_redis) == before
    await remote_ledger.check()


def _error(client: SyncRedis, seq: int, words: tuple[str, ...]) -> str:
    with pytest.raises(ResponseError) as caught:
        call_script(client, "apply", 7, seq, *words)
    return str(caught.value)
