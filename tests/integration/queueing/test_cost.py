"""No command costs more for a longer queue, as Redis itself measures it, and none is needless."""

from __future__ import annotations

from statistics import median

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Adopt, Enqueue, Park, Release, Requeue, Take
from scanyard.queueing.readings import Ranks
from scanyard.queueing.scripts import load_script
from tests.integration.queueing.helpers import INSTALLATION, OTHER, Q, call_script, state_of
from tests.support.redis_server import RedisServer

SHORT, LONG = 1_000, 100_000
#: O(1) and O(log n) stay far below; O(n) would be a hundred times as slow.
MOST_TIMES_SLOWER = 4.0


async def server_microseconds(redis: Redis, script: str) -> list[int]:
    """Return what each call of a script cost the server, since the log was last emptied."""
    first = f"EVALSHA {load_script(script).sha}".encode()
    log = await redis.slowlog_get(100_000)
    return [entry["duration"] for entry in log if bytes(entry["command"]).startswith(first)]


async def costs(redis: Redis, ledger: Ledger, waiting: int) -> dict[str, float]:
    """Return the median server time of each command, in µs, with so many jobs waiting."""
    contents = LedgerContents(Enqueue(Q, f"a/b/{i:06}", float(i)) for i in range(waiting))
    await ledger.rebuild(7, contents)
    await redis.slowlog_reset()
    found = {}
    for turn in range(100):
        job, attempt = f"a/b/{turn * (waiting // 100):06}", f"{turn}/0/1"
        await ledger.apply([Take(Q, job, attempt, 5)])
        await ledger.apply([Requeue(Q, job, attempt, float(turn))])
    found["take"] = median(await server_microseconds(redis, "apply"))
    await redis.slowlog_reset()
    for turn in range(100):
        job = f"a/b/{turn:06}"
        await ledger.apply([Park(Q, job, f"after/{turn}", 1.0), Enqueue(Q, job, 1.0)])
    found["park"] = median(await server_microseconds(redis, "apply"))
    for _ in range(100):
        await ledger.heads([Q], 16)
        await ledger.entries(about=16)
    found["heads"] = median(await server_microseconds(redis, "heads"))
    found["entries"] = median(await server_microseconds(redis, "scan"))
    # Of a hundred namespaces, fifty of which run something.
    lanes = LedgerContents(
        Enqueue(OTHER, f"ns-{i % 100:02}/b/{i:06}", float(i)) for i in range(waiting)
    )
    await ledger.rebuild(7, lanes)
    await redis.slowlog_reset()
    ranks = Ranks(-1.0, {f"ns-{i:02}": i / 3 for i in range(50)})
    for _ in range(100):
        await ledger.lanes({OTHER: ranks}, 16, 16)
    found["lanes"] = median(await server_microseconds(redis, "lanes"))
    return found


async def test_a_hundred_times_longer_queue_costs_no_more(
    redis: Redis, shared_redis: RedisServer
) -> None:
    await redis.config_set("slowlog-log-slower-than", 0)
    await redis.config_set("slowlog-max-len", 100_000)
    ledger = Ledger(redis, INSTALLATION)
    try:
        short = await costs(redis, ledger, SHORT)
        long = await costs(redis, ledger, LONG)
    finally:
        await redis.config_set("slowlog-log-slower-than", 10_000)
    for command, microseconds in long.items():
        print(f"{command}: {short[command]:.0f} µs at {SHORT}, {microseconds:.0f} µs at {LONG}")
        assert microseconds < MOST_TIMES_SLOWER * max(short[command], 50), command
    await assert_that_a_rebuild_drops_it_without_holding_redis_up(redis, shared_redis)


async def assert_that_a_rebuild_drops_it_without_holding_redis_up(
    redis: Redis, server: RedisServer
) -> None:
    with SyncRedis.from_url(server.url, decode_responses=True) as other:
        before = await _main_thread_seconds(redis)
        assert call_script(other, "rebuild_begin", 8, 2**52, 1000) == ["OK", "0"]
        seconds = await _main_thread_seconds(redis) - before
    print(f"rebuild_begin: {seconds * 1e6:.0f} µs of the main thread at {LONG}")
    assert seconds < 0.01, "DEL instead of UNLINK needs 0.05 s here"
    assert not state_of(server).waiting


async def _main_thread_seconds(redis: Redis) -> float:
    """Processor time of the thread that serves commands, whatever else the machine does."""
    used = await redis.info("cpu")
    return float(used["used_cpu_user_main_thread"]) + float(used["used_cpu_sys_main_thread"])


@pytest.mark.parametrize(("operations", "round_trips"), [(1, 1), (256, 1)])
async def test_a_batch_is_one_round_trip(
    redis: Redis, ledger: Ledger, operations: int, round_trips: int
) -> None:
    await ledger.apply([Adopt(Q, "a/b/x", "x/0/1")])
    before = await _commands(redis)
    await ledger.apply([Release(Q, f"a/b/{i}", f"{i}/0/1") for i in range(operations)])
    assert await _commands(redis) - before - 1 == round_trips


async def test_the_heads_of_many_queues_are_one_round_trip(redis: Redis, ledger: Ledger) -> None:
    await ledger.check()
    before = await _commands(redis)
    await ledger.heads([f"team/q{i}" for i in range(100)], 16)
    assert await _commands(redis) - before - 1 == 1


async def _commands(redis: Redis) -> int:
    """Commands that the server has run for clients, this question included once it is over."""
    stats = await redis.info("commandstats")
    return sum(stats[name]["calls"] for name in stats if name in _CLIENT_COMMANDS)


_CLIENT_COMMANDS = {"cmdstat_evalsha", "cmdstat_eval", "cmdstat_info", "cmdstat_config|get"}
