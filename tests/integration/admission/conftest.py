"""The Redis of the ledger's tests."""

from __future__ import annotations

from tests.integration.queueing.conftest import redis, shared_redis

__all__ = ["redis", "shared_redis"]
