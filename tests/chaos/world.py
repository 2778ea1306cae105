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
from tests.chaos.sharing import Limits
from tests.support.audit_objects import Kind
from tests.support.control_plane import ControlPlane
from tests.support.etcd_history import EtcdHistory
from tests.support.ledger_audit import LedgerState, read_ledger
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab
from tests.support.tcp_proxy import TcpProxy

INSTALLATION: Final = "scanyard/scanyard"
#: Fewer than the queues may run together, so that they take turns.
_LIMITS: Final = Limits(scans=7, packets_per_second=200)
#: A changed limit is heard of by a watch, within so long.
_HEARD_SECONDS: Final = 3.0
#: One that broke with the API server is back so long after it, by its back-off.
_WATCHES_BACK_SECONDS: Final = 15.0


class World:
    """An API server, Redis behind a proxy, two replicas, two nodes, two namespaces, their audit.

    The queues are in the namespace of `lab`; `guests` has ScanJobs that wait in them, too.
    """

    def __init__(self, seed: int, *, lease_seconds: int) -> None:
        self.lease_seconds = lease_seconds
        self._seed = seed
        self._opened = ExitStack()
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = itertools.count()
        #: From when to when an API server was away, in seconds of time.monotonic().
        self._outages: list[tuple[float, float]] = []
        #: Those of the installation, and since when.
        self.limits: list[tuple[float, Limits]] = []

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
        self.guests = enter(Lab(self.control_plane.cluster, "guests"))
        self.labs = (self.lab, self.guests)
        kinds: dict[str, Kind] = {"/registry/leases/kube-system/scanyard": "Lease"}
        for lab in self.labs:
            lab.pods.relists = lab.scanjobs.relists = True
            kinds |= _kinds(lab.name)
        self.history = enter(EtcdHistory(self.control_plane.etcd_url, kinds))
        self.nodes = enter(Nodes(self.labs, self._seed))
        self.replicas = enter(
            Replicas(
                folder / "replicas",
                self.control_plane.cluster,
                self.proxy.url,
                lease_seconds=self.lease_seconds,
                turnable_clocks=True,
                settings=_LIMITS.settings,
            )
        )
        self.limits.append((0.0, _LIMITS))

    def later(self, seconds: float, action: Callable[[], Any]) -> None:
        """Do it in so many seconds."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), action))

    def mend(self, *, everything: bool = False) -> None:
        """Do what is due, start again what has ended."""
        while self._due and (everything or self._due[0][0] <= time.monotonic()):
            heapq.heappop(self._due)[2]()
        self.replicas.revive()
        self.nodes.check()

    def restart_api_server(self, while_down: Callable[[], object] = lambda: None) -> None:
        """Kill it, do something to its etcd, and start it again."""
        began = time.monotonic()
        self.control_plane.restart_api_server(while_down)
        self._outages.append((began, time.monotonic()))

    def settled_at(self, moment: float) -> float:
        """Until when everything had been heard of at that moment."""
        began = [
            start for start, end in self._outages if start < moment < end + _WATCHES_BACK_SECONDS
        ]
        return min(began, default=moment) - _HEARD_SECONDS

    def widen(self, times: int) -> None:
        """Give the installation so many times what it may do."""
        wider = Limits(_LIMITS.scans * times, _LIMITS.packets_per_second * times)
        self.limits.append((time.monotonic(), wider))
        self.replicas.replace_all(wider.settings)

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


def _kinds(namespace: str) -> dict[str, Kind]:
    return {
        f"/registry/pods/{namespace}/": "Pod",
        f"/registry/scanyard.dev/scanjobs/{namespace}/": "ScanJob",
        f"/registry/scanyard.dev/scanqueues/{namespace}/": "ScanQueue",
    }


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
