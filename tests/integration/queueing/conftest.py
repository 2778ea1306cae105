"""One Redis for most tests (emptied for each), one of its own for those that break it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.ledger import Ledger
from tests.integration.queueing.helpers import HURRIED, INSTALLATION
from tests.support.redis_server import RedisServer
from tests.support.tcp_proxy import TcpProxy


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that outlives the test: nothing may be changed but its keys."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may kill, reconfigure and restart."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
async def redis(shared_redis: RedisServer) -> AsyncIterator[Redis]:
    """A client of the shared server, which has been emptied."""
    async with open_client(shared_redis.url) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def ledger(redis: Redis) -> Ledger:
    """An empty ledger under fence 7."""
    ledger = Ledger(redis, INSTALLATION)
    await ledger.rebuild(7, LedgerContents())
    return ledger


@pytest.fixture
async def proxy(shared_redis: RedisServer, redis: Redis) -> AsyncIterator[TcpProxy]:
    """A breakable way to the shared server, which has been emptied."""
    assert await redis.dbsize() == 0
    async with TcpProxy(shared_redis.port) as proxy:
        yield proxy


@pytest.fixture
async def remote_ledger(proxy: TcpProxy) -> AsyncIterator[Ledger]:
    """An empty ledger under fence 7 behind the proxy, quick to give up."""
    async with open_client(proxy.url) as client:
        ledger = Ledger(client, INSTALLATION, timing=HURRIED)
        await ledger.rebuild(7, LedgerContents())
        yield ledger
