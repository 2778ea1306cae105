"""Whether a Redis may be trusted with the ledger."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from scanyard.queueing.errors import LedgerMisconfigured


async def eviction_policy(client: Redis) -> str:
    """Return the server's maxmemory-policy, or "unknown" if it does not tell.

    Managed services often forbid CONFIG; then INFO tells the same.
    """
    try:
        return str((await client.config_get("maxmemory-policy"))["maxmemory-policy"])
    except (ResponseError, KeyError):
        return str((await client.info("memory")).get("maxmemory_policy", "unknown"))


def refuse_eviction(policy: str) -> None:
    """Raise LedgerMisconfigured unless a server with this policy keeps every key."""
    if policy != "noeviction":
        raise LedgerMisconfigured(
            f"Redis may evict keys (maxmemory-policy is {policy}), and with them the order of the "
            "waiting and slots in use; use a Redis of its own with `maxmemory-policy noeviction`"
        )
