"""Connections of the Redis client that find their node first, and read their certificates anew."""

from __future__ import annotations

from typing import Any

from redis.asyncio.connection import Connection, SSLConnection

from scanyard.queueing.routes import Route


class TlsConnection(SSLConnection):
    """With TLS by the files as they are now: certificates are renewed while the operator runs."""

    async def connect(self) -> None:
        """Connect unless connected."""
        if not self.is_connected:
            self.ssl_context.context = None
        await super().connect()


class RoutedConnection(Connection):
    """To the node that `route` leads to at the time."""

    def __init__(self, *, route: Route, **options: Any) -> None:
        super().__init__(**options)
        self._route = route

    async def connect(self) -> None:
        """Connect unless connected; raises what Route.find does, too."""
        if not self.is_connected:
            self.host, self.port = await self._route.find()
        await super().connect()


class RoutedTlsConnection(RoutedConnection, TlsConnection):
    """Both."""
