"""A Redis Cluster: the ledger lives on the master of one slot, and goes where that goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis as sync_redis
from redis.asyncio import Redis
from redis.crc import key_slot

from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
from scanyard.queueing.keys import LedgerKeys
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Enqueue, OpResult, Take
from tests.integration.queueing.helpers import (
    ATTEMPT,
    HURRIED,
    INSTALLATION,
    JOB,
    Q,
    least_rights,
    until,
    use_everything,
    without_replication,
)
from tests.support.redis_server import RedisServer, free_port

KEY = LedgerKeys.of(INSTALLATION).header


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two masters that share the slots, and a replica of the one that holds the ledger's."""

    owner: RedisServer
    other: RedisServer
    replica: RedisServer

    def client(self, password: str | None = None) -> Redis:
        """As the operator opens it, told of a node that does not hold the ledger."""
        username = None if password is None else "scanyard"
        return open_client(self.other.url, password, username=username, cluster_key=KEY)

    def ledger(self, client: Redis) -> Ledger:
        return Ledger(client, INSTALLATION, timing=HURRIED)

    def fail_over(self) -> None:
        """Make the replica the master, and wait until the others know."""
        say(self.replica, "FAILOVER", "TAKEOVER")
        port = self.replica.port
        for server in (self.owner, self.other):
            until(lambda server=server: owner_of(server) == port, "the takeover was not heard of")  # type: ignore[misc]


def say(server: RedisServer, *words: object) -> object:
    with sync_redis.Redis(port=server.port, decode_responses=True) as client:
        return client.execute_command("CLUSTER", *words)


def owner_of(server: RedisServer) -> int:
    """The port of the master of the ledger's slot, as a node knows it; 0 if there is none."""
    with sync_redis.Redis(port=server.port, decode_responses=True) as client:
        for first, last, master, *_ in client.cluster("SLOTS"):
            if first <= key_slot(KEY.encode()) <= last:
                return int(master[1])
    return 0


def is_up(server: RedisServer) -> bool:
    with sync_redis.Redis(port=server.port, decode_responses=True) as client:
        return bool(client.cluster("INFO")["cluster_state"] == "ok")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that the test may break."""
    with ExitStack() as stack:
        servers = []
        for name in "abc":
            (tmp_path / name).mkdir()
            options = (
                *("cluster-enabled", "yes", "cluster-port", str(free_port())),
                *("repl-diskless-sync-delay", "0", "cluster-node-timeout", "5000"),
            )
            servers.append(stack.enter_context(RedisServer(tmp_path / name, *options)))
        low, high, replica = servers
        say(low, "ADDSLOTSRANGE", 0, 8191)
        say(high, "ADDSLOTSRANGE", 8192, 16383)
        owner, other = (low, high) if key_slot(KEY.encode()) < 8192 else (high, low)
        for number, server in enumerate(servers, start=1):
            say(server, "SET-CONFIG-EPOCH", number)
        for server in (other, replica):
            say(server, "MEET", "127.0.0.1", owner.port, bus_port(owner))
        for server in servers:
            until(lambda server=server: is_up(server), "the cluster never came up")  # type: ignore[misc]
        identity = say(owner, "MYID")
        until(lambda: str(identity) in str(say(replica, "NODES")), "the owner was not heard of")
        say(replica, "REPLICATE", identity)
        with sync_redis.Redis(port=replica.port, decode_responses=True) as client:
            until(
                lambda: client.info("replication").get("master_link_status") == "up",
                "the replica never followed",
            )
        yield Cluster(owner, other, replica)


def bus_port(server: RedisServer) -> int:
    with sync_redis.Redis(port=server.port, decode_responses=True) as client:
        return int(client.config_get("cluster-port")["cluster-port"])


async def test_the_ledger_follows_its_slot(cluster: Cluster) -> None:
    async with cluster.client() as client:
        ledger = cluster.ledger(client)
        await use_everything(ledger)
        await ledger.rebuild(8, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        await client.wait(1, 5000)
        cluster.fail_over()
        assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]
        # The node that it was told of is not needed any more.
        cluster.other.kill()
        await client.connection_pool.disconnect()
        assert (await ledger.check()).running == 1


async def test_a_failover_that_lost_the_last_change_is_noticed(cluster: Cluster) -> None:
    async with cluster.client() as client:
        ledger = cluster.ledger(client)
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        await client.wait(1, 5000)
        await without_replication(cluster.owner)
        assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]
        cluster.fail_over()
        with pytest.raises(Stale, match="at seq"):
            await ledger.check()


async def test_the_eviction_policy_is_that_of_the_slots_master(cluster: Cluster) -> None:
    async with cluster.client() as client:
        with sync_redis.Redis(port=cluster.other.port) as other:
            other.config_set("maxmemory-policy", "allkeys-lru")
        await cluster.ledger(client).check_configuration()
        with sync_redis.Redis(port=cluster.owner.port) as owner:
            owner.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(LedgerMisconfigured, match="noeviction"):
            await cluster.ledger(client).check_configuration()


async def test_a_user_with_the_least_rights_can_do_everything(cluster: Cluster) -> None:
    for server in (cluster.owner, cluster.other):
        with sync_redis.Redis(port=server.port) as admin:
            admin.execute_command("ACL", "SETUSER", "scanyard", *least_rights())
    async with cluster.client("secret") as client:
        await use_everything(cluster.ledger(client))
    async with cluster.client("wrong") as client:
        with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_USERNAME"):
            await cluster.ledger(client).check_configuration()


async def test_a_slot_that_nobody_serves_is_named(cluster: Cluster) -> None:
    slot = key_slot(KEY.encode())
    for server in (cluster.owner, cluster.other):
        say(server, "DELSLOTS", slot)
    async with cluster.client() as client:
        with pytest.raises(LedgerUnavailable, match=f"no node serves our slot {slot}"):
            await cluster.ledger(client).check_configuration()


async def test_a_cluster_that_is_taken_for_a_single_redis_is_named(cluster: Cluster) -> None:
    async with open_client(cluster.other.url) as client:
        ledger = cluster.ledger(client)
        with pytest.raises(LedgerUnavailable, match="set SCANYARD_REDIS_CLUSTER"):
            await ledger.rebuild(7, LedgerContents())


async def test_a_single_redis_that_is_taken_for_a_cluster_is_named(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url, cluster_key=KEY) as client:
        with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_CLUSTER is set"):
            await Ledger(client, INSTALLATION, timing=HURRIED).check_configuration()
