"""Everything that a chaos run breaks, and the clock by which it is mended."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import redis

from tests.chaos.node import Nodes
from tests.chaos.replicas import LEASE, Replicas
from tests.support.audit_watch import Audit
from tests.support.control_plane import ControlPlane
from tests.support.ledger_audit import LedgerState, read_ledger
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab
from tests.support.tcp_proxy import TcpProxy

INSTALLATION: Final = "scanyard/scanyard"


class World:
    """An API server, Redis behind a proxy, two replicas, two nodes, one namespace, its audit."""

    def __init__(self, seed: int, *, lease_seconds: int) -> None:
        self.lease_seconds = lease_seconds
        self._seed = seed
        self._opened = ExitStack()
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = itertools.count()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _open(self) -> None:
        enter = self._opened.enter_context
        folder = Path(enter(tempfile.TemporaryDirectory(prefix="scanyard-chaos-")))
        for name in ("control-plane", "redis", "replicas"):
            (folder / name).mkdir()
        self.control_plane = enter(ControlPlane(folder / "control-plane"))
        self.redis = enter(RedisServer(folder / "redis"))
        self.proxy = enter(_proxy(self.redis.port))
        self.lab = enter(Lab(self.control_plane.cluster, "chaos"))
        self.audit = enter(Audit(self.lab))
        self.audit.relist()
        self.nodes = enter(Nodes(self.lab, self._seed))
        self.replicas = enter(
            Replicas(
                folder / "replicas",
                self.control_plane.cluster,
                self.proxy.url,
                lease_seconds=self.lease_seconds,
                turnable_clocks=True,
            )
        )

    def later(self, seconds: float, action: Callable[[], Any]) -> None:
        """Do it in so many seconds."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), action))

    def mend(self, *, everything: bool = False) -> None:
        """Do what is due, start again what has ended."""
        while self._due and (everything or self._due[0][0] <= time.monotonic()):
            heapq.heappop(self._due)[2]()
        self.replicas.revive()
        self.nodes.check()

    def delete_lease(self) -> None:
        """Whoever holds it."""
        self.lab.cluster.request("DELETE", LEASE)

    @contextmanager
    def redis_client(self) -> Iterator[redis.Redis]:
        """Past the proxy."""
        client = redis.Redis.from_url(self.redis.url, decode_responses=True)
        try:
            yield client
        finally:
            client.close()

    def ledger(self) -> LedgerState:
        """What Redis holds; AssertionError when it is read in the middle of a change."""
        with self.redis_client() as client:
            return read_ledger(client, INSTALLATION)


@contextmanager
def _proxy(port: int) -> Iterator[TcpProxy]:
    """The proxy before Redis, on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=10)

    proxy = TcpProxy(port)
    run(proxy.__aenter__())
    try:
        yield proxy
    finally:
        run(proxy.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
