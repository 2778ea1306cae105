"""Redis with TLS: who is trusted, and a message that tells the mend where somebody is not."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanyard.queueing.channel import Timing
from scanyard.queueing.connect import Sentinels, TlsFiles, open_client
from scanyard.queueing.errors import LedgerMisconfigured, LedgerUnavailable
from scanyard.queueing.ledger import Ledger
from tests.integration.queueing.helpers import INSTALLATION, use_everything
from tests.support.certificates import Authority
from tests.support.redis_server import RedisServer, SentinelServer, free_port

#: The client's own time is up first, however slow the machine, so that it says what took so long.
_ONE_TRY = Timing(command_timeout_seconds=10.0, give_up_seconds=0.0, first_backoff_seconds=0.0)
#: TLS 1.3 lets the client speak before the server has looked at its certificate: sometimes the end
#: of the connection is faster than the alert that tells why.
_UNTIL_TOLD = Timing(command_timeout_seconds=10.0, give_up_seconds=60.0)


@dataclass(frozen=True, slots=True)
class TlsRedis:
    """A server with a port for TLS and, for tests only, one without."""

    authority: Authority
    server: RedisServer
    tls_port: int

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.tls_port}/0"

    def trusting(self, **files: Path) -> TlsFiles:
        return TlsFiles(self.authority.file, **files)


def tls_options(authority: Authority) -> dict[str, str]:
    own = authority.issue("redis")
    return {
        "tls-cert-file": str(own.certificate),
        "tls-key-file": str(own.key),
        "tls-ca-cert-file": str(authority.file),
        "tls-auth-clients": "no",
    }


@pytest.fixture(scope="module")
def tls_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRedis]:
    """It asks for no client certificate unless the test changes that, and back."""
    authority = Authority.create(tmp_path_factory.mktemp("tls") / "ca")
    port = free_port()
    options = {"tls-port": str(port)} | tls_options(authority)
    words = [word for option in options.items() for word in option]
    with RedisServer(tmp_path_factory.mktemp("redis"), *words) as server:
        yield TlsRedis(authority, server, port)


async def message_of(
    url: str,
    tls: TlsFiles | None,
    *kinds: type[Exception],
    timing: Timing = _ONE_TRY,
) -> str:
    """What the ledger says of a Redis that it cannot use."""
    async with open_client(url, tls=tls) as client:
        with pytest.raises(kinds or LedgerMisconfigured) as caught:
            await Ledger(client, INSTALLATION, timing=timing).check_configuration()
    return str(caught.value)


async def test_the_ledger_works_over_tls(tls_redis: TlsRedis) -> None:
    async with open_client(tls_redis.url, tls=tls_redis.trusting()) as client:
        await use_everything(Ledger(client, INSTALLATION))


async def test_the_end_of_the_servers_certificate_is_told(tls_redis: TlsRedis) -> None:
    told: list[float] = []
    async with open_client(
        tls_redis.url, tls=tls_redis.trusting(), on_certificate=told.append
    ) as client:
        await use_everything(Ledger(client, INSTALLATION))
    days = (told[0] - time.time()) / 86_400
    assert 1.9 < days <= 2, "what the authority of these tests issues"


async def test_sentinels_and_their_master_over_tls(tls_redis: TlsRedis, tmp_path: Path) -> None:
    port = free_port()
    options = {"tls-port": str(port), "tls-replication": "yes"} | tls_options(tls_redis.authority)
    lines = [" ".join(option) for option in options.items()]
    with SentinelServer(tmp_path, "scans", tls_redis.tls_port, *lines):
        sentinels = Sentinels([f"127.0.0.1:{port}"], "scans")
        tls = tls_redis.trusting()
        async with open_client("rediss:///0", tls=tls, sentinels=sentinels) as client:
            await use_everything(Ledger(client, INSTALLATION))
        async with open_client("rediss:///0", sentinels=sentinels) as client:
            with pytest.raises(LedgerMisconfigured, match="SCANYARD_REDIS_CA_FILE"):
                await Ledger(client, INSTALLATION, timing=_UNTIL_TOLD).check_configuration()


async def test_a_server_of_another_authority_is_not_trusted(
    tls_redis: TlsRedis, tmp_path: Path
) -> None:
    other = Authority.create(tmp_path / "other")
    for files in (None, TlsFiles(other.file)):
        assert "SCANYARD_REDIS_CA_FILE" in await message_of(tls_redis.url, files)


async def test_a_certificate_for_another_host_is_named(tls_redis: TlsRedis) -> None:
    url = tls_redis.url.replace("127.0.0.1", "localhost")
    said = await message_of(url, tls_redis.trusting())
    assert "does not name the host" in said
    assert "localhost" in said


async def test_plain_text_on_the_port_for_tls(tls_redis: TlsRedis) -> None:
    url = tls_redis.url.replace("rediss://", "redis://")
    assert "write rediss://" in await message_of(url, None, LedgerUnavailable)


async def test_tls_on_the_port_for_plain_text(tls_redis: TlsRedis) -> None:
    url = tls_redis.server.url.replace("redis://", "rediss://")
    # Redis waits for the end of a line, or by chance finds one in the greeting.
    kinds = (LedgerUnavailable, LedgerMisconfigured)
    assert "write redis://" in await message_of(url, tls_redis.trusting(), *kinds)


async def test_a_client_certificate_that_is_asked_for(tls_redis: TlsRedis, tmp_path: Path) -> None:
    stranger = Authority.create(tmp_path / "stranger").issue("client")
    known = tls_redis.authority.issue("client")
    async with open_client(tls_redis.server.url) as admin:
        await admin.config_set("tls-auth-clients", "yes")
        try:
            assert "SCANYARD_REDIS_CERT_FILE" in await message_of(
                tls_redis.url, tls_redis.trusting(), timing=_UNTIL_TOLD
            )
            assert "SCANYARD_REDIS_CERT_FILE" in await message_of(
                tls_redis.url,
                tls_redis.trusting(
                    redis_cert_file=stranger.certificate, redis_key_file=stranger.key
                ),
                timing=_UNTIL_TOLD,
            )
            files = tls_redis.trusting(redis_cert_file=known.certificate, redis_key_file=known.key)
            async with open_client(tls_redis.url, tls=files) as client:
                await Ledger(client, INSTALLATION).check_configuration()
        finally:
            await admin.config_set("tls-auth-clients", "no")


async def test_renewed_files_count_from_the_next_connection_on(
    tls_redis: TlsRedis, tmp_path: Path
) -> None:
    mounted = tmp_path / "ca.crt"
    shutil.copy(Authority.create(tmp_path / "old").file, mounted)
    async with open_client(tls_redis.url, tls=TlsFiles(mounted)) as client:
        ledger = Ledger(client, INSTALLATION, timing=_UNTIL_TOLD)
        with pytest.raises(LedgerMisconfigured):
            await ledger.check_configuration()
        shutil.copy(tls_redis.authority.file, mounted)
        await ledger.check_configuration()
