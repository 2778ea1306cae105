"""What the environment says of Redis is what the client does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from scanyard.controller.redis_client import redis_for
from scanyard.errors import InvalidInputError
from scanyard.queueing.connections import RoutedConnection, RoutedTlsConnection, TlsConnection
from scanyard.queueing.routes import ClusterRoute, SentinelRoute
from scanyard.settings import load_settings

HERE = str(Path(__file__))


def client(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Redis:
    for name, value in variables.items():
        monkeypatch.setenv(f"SCANYARD_REDIS_{name}", value)
    return redis_for(load_settings())


async def test_one_server_with_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"CA_FILE": HERE, "CERT_FILE": HERE, "KEY_FILE": HERE}
    async with client(
        monkeypatch, URL="rediss://a:1/2", USERNAME="u", PASSWORD="secret\n", **files
    ) as redis:
        pool = redis.connection_pool
        assert pool.connection_class is TlsConnection
        expected: dict[str, Any] = {"host": "a", "port": 1, "db": 2, "username": "u"}
        expected |= {"password": "secret", "ssl_ca_certs": HERE}
        expected |= {"ssl_certfile": HERE, "ssl_keyfile": HERE}
        assert expected.items() <= pool.connection_kwargs.items()


@pytest.mark.parametrize(
    ("url", "kind"), [("redis:///3", RoutedConnection), ("rediss:///3", RoutedTlsConnection)]
)
async def test_sentinels(url: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    async with client(monkeypatch, URL=url, SENTINELS="a:1, b", PASSWORD="p") as redis:
        pool = redis.connection_pool
        assert pool.connection_class is kind
        assert isinstance(pool.connection_kwargs["route"], SentinelRoute)
        assert pool.connection_kwargs["db"] == 3
        assert pool.connection_kwargs["password"] == "p"


async def test_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    async with client(monkeypatch, URL="redis://a:1", CLUSTER="true") as redis:
        assert isinstance(redis.connection_pool.connection_kwargs["route"], ClusterRoute)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"URL": "a:6379"}, "SCANYARD_REDIS_URL"),
        ({"CLUSTER": "perhaps"}, "SCANYARD_REDIS_CLUSTER"),
        ({"CLUSTER": "true", "SENTINELS": "a:1"}, "SCANYARD_REDIS_SENTINELS"),
        ({"CA_FILE": HERE}, "SCANYARD_REDIS_CA_FILE"),
    ],
)
def test_a_mistake_is_named(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError, match=named):
        client(monkeypatch, **variables)


def test_a_namespace_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANYARD_WATCH_NAMESPACES", "team,Other")
    with pytest.raises(InvalidInputError, match="SCANYARD_WATCH_NAMESPACES"):
        load_settings()
