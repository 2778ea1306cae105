"""The way to the one Redis node that may be written to, asked for before each connection.

After a failover it leads elsewhere. Which node that is, other servers know: the sentinels, or any
node of a cluster. The ledger needs no more of a cluster than this: all its keys share one slot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from scanyard.queueing.errors import LedgerMisconfigured
from scanyard.queueing.faults import misconfiguration, told

#: Host and port.
Address = tuple[str, int]
_SENTINEL_ACCESS = (
    "set SCANYARD_REDIS_SENTINEL_USERNAME and SCANYARD_REDIS_SENTINEL_PASSWORD "
    "(externalRedis.sentinel.username, externalRedis.sentinel.existingSecret) to those of the "
    "Sentinels, and allow that user SENTINEL GET-MASTER-ADDR-BY-NAME"
)
#: A client of one of the servers that know the way, to be closed by whoever asks.
OpenGuide = Callable[[Address], Redis]


def parse_address(text: str, default_port: int) -> Address:
    """Read "host", "host:port" or "[IPv6]:port"; ValueError if it is none of them."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or parts.username is not None:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return parts.hostname, parts.port or default_port


class Route(ABC):
    """Asks its guides one after the other.

    Each time it begins with the next one: a guide that is cut off may believe in an old master,
    and must not be believed for ever.
    """

    def __init__(self, guides: Iterable[Address], open_guide: OpenGuide) -> None:
        self._guides = deque(guides)
        self._open_guide = open_guide

    async def find(self) -> Address:
        """Return the node's address.

        Raises redis' ConnectionError if no guide tells it now, LedgerMisconfigured where only a
        person can help.
        """
        said = []
        self._guides.rotate(-1)
        for guide in tuple(self._guides):
            host, port = guide
            try:
                async with self._open_guide(guide) as client:
                    found = self._read(await self._ask(client), guide)
            except (RedisError, OSError, TimeoutError) as error:
                mend = self._misconfiguration(error)
                if mend is not None:
                    raise LedgerMisconfigured(mend) from error
                said.append(f"{host}:{port}: {told(error)}")
            else:
                if found is not None:
                    return found
                said.append(f"{host}:{port} {self._ignorance}")
        return self._give_up(said)

    #: What a guide that knows no way lacks.
    _ignorance: str

    @abstractmethod
    async def _ask(self, client: Redis) -> Any: ...

    @abstractmethod
    def _read(self, reply: Any, guide: Address) -> Address | None: ...

    @abstractmethod
    def _misconfiguration(self, error: Exception) -> str | None: ...

    def _give_up(self, said: list[str]) -> Address:
        raise RedisConnectionError("; ".join(said))


class SentinelRoute(Route):
    """The master that the sentinels agree on."""

    def __init__(self, sentinels: Iterable[Address], master: str, open_guide: OpenGuide) -> None:
        super().__init__(sentinels, open_guide)
        self._master = master
        self._ignorance = f"watches no master called {master!r}"

    async def _ask(self, client: Redis) -> Any:
        name = "GET-MASTER-ADDR-BY-NAME"
        return await client.execute_command("SENTINEL", name, self._master)  # type: ignore[no-untyped-call]

    def _read(self, reply: Any, guide: Address) -> Address | None:  # noqa: ARG002
        return None if reply is None else (str(reply[0]), int(reply[1]))

    def _misconfiguration(self, error: Exception) -> str | None:
        if isinstance(error, ResponseError) and "unknown command" in str(error):
            return (
                "a server that SCANYARD_REDIS_SENTINELS (externalRedis.sentinel.hosts) names is "
                "not a Sentinel; write the Sentinels' own port, mostly 26379"
            )
        return misconfiguration(error, _SENTINEL_ACCESS)

    def _give_up(self, said: list[str]) -> Address:
        if any(text.endswith(self._ignorance) for text in said):
            raise LedgerMisconfigured(
                f"the Sentinels watch no master called {self._master!r} ({'; '.join(said)}); set "
                "SCANYARD_REDIS_SENTINEL_MASTER (externalRedis.sentinel.masterName) to the name "
                "that their configuration uses"
            )
        raise RedisConnectionError(f"no Sentinel tells the master: {'; '.join(said)}")


class ClusterRoute(Route):
    """The master of a key's slot. Every node that was ever told of is asked, not only the first."""

    def __init__(self, seeds: Iterable[Address], key: str, open_guide: OpenGuide) -> None:
        super().__init__(seeds, open_guide)
        self._slot = key_slot(key.encode())
        self._ignorance = (
            f"says that no node serves our slot {self._slot} (`redis-cli --cluster check` tells "
            "what the cluster lacks)"
        )

    async def _ask(self, client: Redis) -> Any:
        return await client.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]

    def _read(self, reply: Any, guide: Address) -> Address | None:
        master = None
        for first, last, *nodes in reply:
            addresses = [_node_address(node, guide) for node in nodes]
            self._guides.extend(known for known in addresses if known not in self._guides)
            if int(first) <= self._slot <= int(last):
                master = addresses[0]
        return master

    def _misconfiguration(self, error: Exception) -> str | None:
        if isinstance(error, ResponseError) and "cluster support disabled" in str(error):
            return (
                "SCANYARD_REDIS_CLUSTER is set (externalRedis.cluster), but this Redis is no node "
                "of a cluster; unset it"
            )
        return misconfiguration(error)


def _node_address(node: Any, guide: Address) -> Address:
    """A node that does not know its own host is reached as the guide was (NULL, "" or "?")."""
    host, port, *_ = node
    return (str(host) if host not in (None, "", "?") else guide[0]), int(port)
