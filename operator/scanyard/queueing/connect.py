"""A Redis client as the ledger needs it, for each form in which Redis is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from scanyard.errors import InvalidInputError
from scanyard.queueing.connections import RoutedConnection, RoutedTlsConnection, TlsConnection
from scanyard.queueing.routes import Address, ClusterRoute, Route, SentinelRoute, parse_address

_SENTINEL_PORT = 26379
#: So long one server that knows the way is waited for; another one is asked meanwhile.
_GUIDE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM for rediss://: the CA beside the system's, and the client's own certificate.

    Each field's name is that of a setting.
    """

    redis_ca_file: Path | None = None
    redis_cert_file: Path | None = None
    redis_key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Where the Sentinels are ("host:port"), what they call the master, and who asks them."""

    hosts: Sequence[str]
    master: str
    username: str | None = None
    password: str | None = None


def open_client(
    url: str,
    password: str | None = None,
    *,
    username: str | None = None,
    tls: TlsFiles | None = None,
    sentinels: Sentinels | None = None,
    cluster_key: str | None = None,
    command_timeout_seconds: float = 2.0,
    on_certificate: Callable[[float], None] | None = None,
) -> Redis:
    """Return a client with one connection, which is made when first used.

    The URL is redis:// or rediss://. With `sentinels` only its scheme and database count.
    With `cluster_key` it leads to any node of a Redis Cluster, and the client talks to the master
    of that key's slot, wherever it goes. A user or password in the URL goes before the arguments.
    `on_certificate` is told when the certificate ends that Redis shows, in unix time.
    The client's own retries are off: the ledger repeats a command itself, with the same seq.
    Raises InvalidInputError, which names the operator's setting.
    """
    options = {"username": username, "password": password, **_from_url(url)}
    encrypted = options.pop("connection_class", Connection) is SSLConnection
    options |= _tls_options(tls or TlsFiles(), encrypted=encrypted)
    options |= {
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "decode_responses": True,
        "socket_timeout": command_timeout_seconds,
        # Shorter than the ledger's own patience, so that it is told what took so long.
        "socket_connect_timeout": command_timeout_seconds * 0.75,
    }
    route = _route(options, sentinels, cluster_key, encrypted=encrypted)
    options["client_name"] = "scanyard"
    if encrypted and on_certificate is not None:
        options["on_certificate"] = on_certificate
    if route is None:
        return _client(TlsConnection if encrypted else Connection, options)
    options = _without_address(options) | {"route": route}
    return _client(RoutedTlsConnection if encrypted else RoutedConnection, options)


def _from_url(url: str) -> dict[str, Any]:
    try:
        if not url.startswith(("redis://", "rediss://")):
            raise ValueError(f"{url!r} is not the address of a Redis")
        return dict(parse_url(url))
    except ValueError as error:
        raise InvalidInputError(
            "SCANYARD_REDIS_URL", str(error), "write redis://HOST:6379/0, or rediss:// for TLS"
        ) from None


def _tls_options(files: TlsFiles, *, encrypted: bool) -> dict[str, Any]:
    for field in fields(files):
        path: Path | None = getattr(files, field.name)
        name = f"SCANYARD_{field.name.upper()}"
        if path is not None and not encrypted:
            raise InvalidInputError(
                name, "is set, but SCANYARD_REDIS_URL asks for no TLS", "write rediss:// there"
            )
        if path is not None and not path.is_file():
            raise InvalidInputError(name, f"there is no file {path}", "mount the Secret with it")
    if (files.redis_cert_file is None) != (files.redis_key_file is None):
        raise InvalidInputError(
            "SCANYARD_REDIS_CERT_FILE", "is of no use without SCANYARD_REDIS_KEY_FILE", "set both"
        )
    given = {
        "ssl_ca_certs": files.redis_ca_file,
        "ssl_certfile": files.redis_cert_file,
        "ssl_keyfile": files.redis_key_file,
    }
    return {name: str(path) for name, path in given.items() if path is not None}


def _route(
    options: Mapping[str, Any],
    sentinels: Sentinels | None,
    cluster_key: str | None,
    *,
    encrypted: bool,
) -> Route | None:
    if sentinels is not None and cluster_key is not None:
        raise InvalidInputError(
            "SCANYARD_REDIS_SENTINELS", "is set together with SCANYARD_REDIS_CLUSTER", "unset one"
        )
    kind = TlsConnection if encrypted else Connection
    asking = _without_address(options) | {
        "db": 0,
        "socket_timeout": _GUIDE_SECONDS,
        "socket_connect_timeout": _GUIDE_SECONDS,
    }
    if sentinels is not None:
        asking |= {"username": sentinels.username, "password": sentinels.password}
        addresses = _addresses(sentinels.hosts)
        return SentinelRoute(addresses, sentinels.master, partial(_guide, kind, asking))
    if cluster_key is not None:
        if options.get("db"):
            raise InvalidInputError(
                "SCANYARD_REDIS_URL",
                f"names database {options['db']}, but a cluster has only database 0",
                "leave the number out",
            )
        seed = options.get("host", "localhost"), options.get("port", 6379)
        return ClusterRoute([seed], cluster_key, partial(_guide, kind, asking))
    return None


def _addresses(hosts: Sequence[str]) -> list[Address]:
    try:
        return [parse_address(host, _SENTINEL_PORT) for host in hosts]
    except ValueError as error:
        raise InvalidInputError(
            "SCANYARD_REDIS_SENTINELS", str(error), "write HOST:PORT,HOST:PORT,..."
        ) from None


def _guide(kind: type[Connection], options: Mapping[str, Any], address: Address) -> Redis:
    host, port = address
    return _client(kind, {**options, "host": host, "port": port})


def _without_address(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in {"host", "port"}}


def _client(kind: type[Connection], options: Mapping[str, Any]) -> Redis:
    return Redis.from_pool(ConnectionPool(connection_class=kind, max_connections=1, **options))
