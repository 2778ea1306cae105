"""A Redis that cannot be trusted or entered is refused with a message that tells the mend."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import LedgerMisconfigured
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Drop, OpResult
from tests.integration.queueing.helpers import (
    HURRIED,
    INSTALLATION,
    JOB,
    least_rights,
    use_everything,
)
from tests.support.redis_server import RedisServer, free_port

EVICTING = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-ttl"]


def ledger_of(client: object) -> Ledger:
    return Ledger(client, INSTALLATION, timing=HURRIED)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", EVICTING)
async def test_an_evicting_policy_is_refused(own_redis: RedisServer, policy: str) -> None:
    async with open_client(own_redis.url) as client:
        await client.config_set("maxmemory-policy", policy)
        ledger = ledger_of(client)
        for use in (ledger.check_configuration(), ledger.rebuild(7, LedgerContents())):
            with pytest.raises(LedgerMisconfigured, match=f"{policy}.*noeviction"):
                await use
        assert await client.dbsize() == 0


async def test_the_policy_that_keeps_everything_is_taken(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        await ledger_of(client).check_configuration()


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
async def test_where_config_is_forbidden_info_tells_the_policy(
    own_redis: RedisServer, policy: str
) -> None:
    async with open_client(own_redis.url) as client:
        await client.config_set("maxmemory-policy", policy)
        await client.execute_command(  # type: ignore[no-untyped-call]
            "ACL", "SETUSER", "scanyard", "on", ">secret", "~{scanyard:*", "+@all", "-config"
        )
    url = own_redis.url.replace("://", "://scanyard:secret@")
    async with open_client(url) as client:
        ledger = ledger_of(client)
        if policy == "noeviction":
            await ledger.rebuild(7, LedgerContents())
            assert await ledger.apply([Drop(JOB)]) == [OpResult.ABSENT]
        else:
            with pytest.raises(LedgerMisconfigured, match="noeviction"):
                await ledger.check_configuration()


@pytest.mark.parametrize("rights", ["-config -info", "-evalsha -eval", "resetkeys"])
async def test_a_user_with_too_few_rights_is_told_which(
    own_redis: RedisServer, rights: str
) -> None:
    words = ["on", ">secret", "~{scanyard:*", "+@all", *rights.split()]
    async with open_client(own_redis.url) as client:
        await client.execute_command("ACL", "SETUSER", "scanyard", *words)  # type: ignore[no-untyped-call]
    async with open_client(own_redis.url.replace("://", "://scanyard:secret@")) as client:
        with pytest.raises(LedgerMisconfigured, match="allow that user EVAL"):
            await ledger_of(client).rebuild(7, LedgerContents())


async def test_a_user_with_the_least_rights_can_do_everything(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url) as client:
        await client.execute_command("ACL", "SETUSER", "scanyard", *least_rights())  # type: ignore[no-untyped-call]
    async with open_client(own_redis.url, "secret", username="scanyard") as client:
        await use_everything(ledger_of(client))


async def test_all_keys_of_an_installation_live_in_one_slot_of_a_cluster(tmp_path: Path) -> None:
    options = ("cluster-enabled", "yes", "cluster-port", str(free_port()))
    with RedisServer(tmp_path, *options) as server:
        async with open_client(server.url) as client:
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")  # type: ignore[no-untyped-call]
            deadline = time.monotonic() + 20
            while (await client.cluster("INFO"))["cluster_state"] != "ok":
                assert time.monotonic() < deadline, "the cluster never came up"
                await asyncio.sleep(0.05)
            await use_everything(ledger_of(client))
            keys = [key async for key in client.scan_iter()]
            slots = {await client.cluster("KEYSLOT", key) for key in keys}
    assert len(keys) > 5
    assert len(slots) == 1


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_a_wrong_or_missing_password_is_named(
    own_redis: RedisServer, password: str | None
) -> None:
    async with open_client(own_redis.url) as client:
        await client.config_set("requirepass", "right")
    async with open_client(own_redis.url, password) as client:
        ledger = ledger_of(client)
        for use in (ledger.check_configuration(), ledger.rebuild(7, LedgerContents())):
            with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_PASSWORD"):
                await use
    async with open_client(own_redis.url, "right") as client:
        await ledger_of(client).rebuild(7, LedgerContents())


async def test_a_password_where_none_is_set_is_named(own_redis: RedisServer) -> None:
    async with open_client(own_redis.url, "needless") as client:
        with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_PASSWORD"):
            await ledger_of(client).check_configuration()


async def test_a_password_that_changes_is_named_and_the_open_change_kept(
    own_redis: RedisServer,
) -> None:
    async with open_client(own_redis.url, "old") as admin:
        async with open_client(own_redis.url) as first:
            await first.config_set("requirepass", "old")
        async with open_client(own_redis.url, "old") as client:
            ledger = ledger_of(client)
            await ledger.rebuild(7, LedgerContents())
            await admin.config_set("requirepass", "new")
            await admin.client_kill_filter(_type="normal", skipme=True)
            with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_PASSWORD"):
                await ledger.apply([Drop(JOB)])
            await admin.config_set("requirepass", "old")
            assert await ledger.apply([Drop(JOB)]) == [OpResult.ABSENT]
