"""Redis behind Sentinels: the master is found, and found again after a failover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis as sync_redis
from redis.asyncio import Redis

from scanyard.queueing.connect import Sentinels, open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable, Stale
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
from tests.support.redis_server import RedisServer, SentinelServer, free_port

MASTER = "scans"


@dataclass(frozen=True, slots=True)
class Group:
    """A master, its replica, and a Sentinel that knows both."""

    servers: tuple[RedisServer, RedisServer]
    sentinel: SentinelServer

    def client(self, *hosts: str, master: str = MASTER) -> Redis:
        """As the operator opens it; `hosts` are asked besides."""
        sentinels = Sentinels([*hosts, f"127.0.0.1:{self.sentinel.port}"], master)
        return open_client("redis:///0", sentinels=sentinels)

    def ledger(self, client: Redis) -> Ledger:
        return Ledger(client, INSTALLATION, timing=HURRIED)

    def fail_over(self) -> None:
        """Make the replica the master; returns when the Sentinel says that it is."""
        before = self._master_port()
        until(self._begin_failover, "the Sentinel never found the replica good enough")
        until(lambda: self._master_port() != before, "the failover never came")
        until(self._is_promoted, "the new master stayed a replica")
        # What the Sentinel does with the old master, only some ten seconds later.
        with sync_redis.Redis(port=before, decode_responses=True) as old:
            old.replicaof("127.0.0.1", self._master_port())
            old.client_kill_filter(_type="normal", skipme=True)

    def wait_until_known(self) -> None:
        """Wait until the Sentinel knows the replica, and the replica has everything."""
        until(lambda: len(self._ask("REPLICAS", MASTER)) == 1, "the replica was not found")
        with sync_redis.Redis(port=self.servers[1].port, decode_responses=True) as replica:
            until(
                lambda: replica.info("replication")["master_link_status"] == "up",
                "the replica never followed",
            )

    def _begin_failover(self) -> bool:
        try:
            return bool(self._ask("FAILOVER", MASTER))
        except sync_redis.ResponseError as error:
            if "NOGOODSLAVE" not in str(error):
                raise
            return False

    def _is_promoted(self) -> bool:
        with sync_redis.Redis(port=self._master_port(), decode_responses=True) as client:
            return bool(client.info("replication")["role"] == "master")

    def _master_port(self) -> int:
        return int(self._ask("GET-MASTER-ADDR-BY-NAME", MASTER)[1])

    def _ask(self, *words: str) -> list[str]:
        with sync_redis.Redis(port=self.sentinel.port, decode_responses=True) as client:
            told: list[str] = client.execute_command("SENTINEL", *words)
            return told


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    """A group that the test may break."""
    folders = [tmp_path / name for name in ("first", "second", "sentinel")]
    for folder in folders:
        folder.mkdir()
    with (
        RedisServer(folders[0], "repl-diskless-sync-delay", "0") as first,
        RedisServer(folders[1], "replicaof", f"127.0.0.1 {first.port}") as second,
        SentinelServer(folders[2], MASTER, first.port) as sentinel,
    ):
        made = Group((first, second), sentinel)
        made.wait_until_known()
        yield made


async def test_the_ledger_follows_a_failover(group: Group) -> None:
    async with group.client() as client:
        ledger = group.ledger(client)
        await use_everything(ledger)
        await ledger.rebuild(8, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        await client.wait(1, 5000)
        group.fail_over()
        assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]


async def test_a_failover_that_lost_the_last_change_is_noticed(group: Group) -> None:
    async with group.client() as client:
        ledger = group.ledger(client)
        await ledger.rebuild(7, LedgerContents([Enqueue(Q, JOB, 1.0)]))
        await client.wait(1, 5000)
        await without_replication(group.servers[0])
        assert await ledger.apply([Take(Q, JOB, ATTEMPT, 1)]) == [OpResult.TAKEN]
        group.fail_over()
        with pytest.raises(Stale, match="at seq"):
            await ledger.check()


async def test_sentinels_that_do_not_answer_are_passed_over(group: Group) -> None:
    async with group.client(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}") as client:
        for _ in range(3):
            await group.ledger(client).check_configuration()
            await client.connection_pool.disconnect()


@pytest.mark.parametrize("first", [True, False])
async def test_a_sentinel_that_believes_in_a_dead_master_is_not_believed_for_ever(
    group: Group, tmp_path: Path, *, first: bool
) -> None:
    folder = tmp_path / "cut-off"
    folder.mkdir()
    with SentinelServer(folder, MASTER, free_port()) as cut_off:
        ports = (
            (cut_off.port, group.sentinel.port) if first else (group.sentinel.port, cut_off.port)
        )
        sentinels = Sentinels([f"127.0.0.1:{port}" for port in ports], MASTER)
        async with open_client("redis:///0", sentinels=sentinels) as client:
            for _ in range(2):
                await group.ledger(client).check_configuration()
                await client.connection_pool.disconnect()


async def test_no_sentinel_answers(group: Group) -> None:
    group.sentinel.kill()
    async with group.client() as client:
        with pytest.raises(LedgerUnavailable, match=f"no Sentinel.*{group.sentinel.port}"):
            await group.ledger(client).check_configuration()


async def test_an_unknown_master_is_named(group: Group) -> None:
    async with group.client(master="scan") as client:
        with pytest.raises(LedgerMisconfigured, match=r"'scan'.*SCANYARD_REDIS_SENTINEL_MASTER"):
            await group.ledger(client).check_configuration()


async def test_a_redis_that_is_taken_for_a_sentinel_is_named(group: Group) -> None:
    sentinels = Sentinels([f"127.0.0.1:{group.servers[0].port}"], MASTER)
    async with open_client("redis:///0", sentinels=sentinels) as client:
        with pytest.raises(LedgerMisconfigured, match=r"SCANYARD_REDIS_SENTINELS.*26379"):
            await group.ledger(client).check_configuration()


async def test_a_sentinels_own_user_needs_one_right(group: Group) -> None:
    words = least_rights("Rights at a Sentinel")
    with sync_redis.Redis(port=group.sentinel.port) as admin:
        admin.execute_command("ACL", "SETUSER", "scanyard", *words)
    host = f"127.0.0.1:{group.sentinel.port}"
    for password, welcome in (("secret", True), ("wrong", False)):
        sentinels = Sentinels([host], MASTER, "scanyard", password)
        async with open_client("redis:///0", sentinels=sentinels) as client:
            ledger = group.ledger(client)
            if welcome:
                await ledger.check_configuration()
            else:
                with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_SENTINEL_PASSWORD"):
                    await ledger.check_configuration()
