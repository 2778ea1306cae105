"""Connections of the Redis client that find their node first, and read their certificates anew."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import TimeoutError as RedisTimeoutError

from scanyard.queueing.routes import Route


class TlsConnection(SSLConnection):
    """With TLS by the files as they are now: certificates are renewed while the operator runs.

    `on_certificate` is told of each certificate that Redis shows: the unix time at which it ends.
    """

    def __init__(
        self, *, on_certificate: Callable[[float], None] = lambda _: None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._on_certificate = on_certificate

    async def connect(self) -> None:
        """Connect unless connected."""
        if not self.is_connected:
            self.ssl_context.context = None
        try:
            await super().connect()  # type: ignore[no-untyped-call]
        except RedisTimeoutError as error:
            # In plain text Redis waits for the end of what it takes for a line.
            raise RedisTimeoutError(
                f"{error} (if Redis does not speak TLS on this port, write redis:// in "
                "SCANYARD_REDIS_URL, externalRedis.url)"
            ) from error
        self._tell_of_certificate()

    def _tell_of_certificate(self) -> None:
        session = None if self._writer is None else self._writer.get_extra_info("ssl_object")
        shown = None if session is None else session.getpeercert()
        if shown:
            self._on_certificate(ssl.cert_time_to_seconds(shown["notAfter"]))


class RoutedConnection(Connection):
    """To the node that `route` leads to at the time."""

    def __init__(self, *, route: Route, **options: Any) -> None:
        super().__init__(**options)
        self._route = route

    async def connect(self) -> None:
        """Connect unless connected; raises what Route.find does, too."""
        if not self.is_connected:
            self.host, self.port = await self._route.find()
        await super().connect()  # type: ignore[no-untyped-call]


class RoutedTlsConnection(RoutedConnection, TlsConnection):
    """Both."""
