"""Settings that contradict each other are refused by name, before anything is connected to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scanyard.errors import InvalidInputError
from scanyard.queueing.connect import Sentinels, TlsFiles, open_client
from scanyard.queueing.routes import parse_address

HERE = Path(__file__)
SENTINELS = Sentinels(["redis.example:26379"], "mymaster")


@pytest.mark.parametrize(
    ("url", "options", "field"),
    [
        ("redis.example:6379", {}, "SCANYARD_REDIS_URL"),
        ("http://redis.example", {}, "SCANYARD_REDIS_URL"),
        ("redis://redis.example:port", {}, "SCANYARD_REDIS_URL"),
        ("redis://redis.example/1", {"cluster_key": "{a}"}, "SCANYARD_REDIS_URL"),
        ("redis://a", {"sentinels": SENTINELS, "cluster_key": "{a}"}, "SCANYARD_REDIS_SENTINELS"),
        ("redis://a", {"sentinels": Sentinels(["a:b"], "m")}, "SCANYARD_REDIS_SENTINELS"),
        ("redis://a", {"tls": TlsFiles(redis_ca_file=HERE)}, "SCANYARD_REDIS_CA_FILE"),
        ("rediss://a", {"tls": TlsFiles(HERE.parent / "none")}, "SCANYARD_REDIS_CA_FILE"),
        ("rediss://a", {"tls": TlsFiles(redis_cert_file=HERE)}, "SCANYARD_REDIS_CERT_FILE"),
        ("rediss://a", {"tls": TlsFiles(redis_key_file=HERE)}, "SCANYARD_REDIS_CERT_FILE"),
    ],
)
def test_a_mistake_is_refused_by_name(url: str, options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_client(url, **options)
    assert caught.value.field == field


async def test_the_client_has_one_connection_and_repeats_nothing() -> None:
    for options in ({}, {"sentinels": SENTINELS}, {"cluster_key": "{a}"}):
        async with open_client("redis://redis.example:6379/0", **options) as client:
            pool = client.connection_pool
            assert pool.max_connections == 1
            assert pool.connection_kwargs["retry"].get_retries() == 0
            assert pool.connection_kwargs["decode_responses"]
            assert pool.connection_kwargs["socket_timeout"] == 2.0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis.example", ("redis.example", 26379)),
        ("redis.example:6380", ("redis.example", 6380)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[fd00::1]:6380", ("fd00::1", 6380)),
        ("[fd00::1]", ("fd00::1", 26379)),
    ],
)
def test_an_address_is_read(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, 26379) == address


@pytest.mark.parametrize(
    "text", ["", "redis://a:1", "a:b", "a:70000", "user@a:1", "a:1/0", ":6379"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|[Pp]ort"):
        parse_address(text, 26379)
