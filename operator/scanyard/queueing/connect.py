"""A Redis client as the ledger needs it."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def open_client(
    url: str, password: str | None = None, *, command_timeout_seconds: float = 2.0
) -> Redis:
    """Return a client of one Redis (redis://, rediss://, unix://); it connects when first used.

    A password in the URL goes before `password`. The client's own retries are off: the ledger
    repeats a command itself, with the same seq.
    """
    return Redis.from_url(
        url,
        password=password,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
        max_connections=1,
        client_name="scanyard",
        socket_timeout=command_timeout_seconds,
        socket_connect_timeout=command_timeout_seconds,
    )
