"""Who leads: one process of an installation, and one installation wherever two overlap.

An installation for the whole cluster holds one Lease, in kube-system; one for some namespaces
holds a Lease in each of them. Either takes its own first and looks for the other kind then, so
that of two that start at once at least one sees the other and steps back.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import NoReturn

from scanyard import metrics
from scanyard.controller.backoff import Backoff
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.lease import LEASE_NAME, Lease, LeaseRecord, Sightings
from scanyard.kube.resources import LEASES

log = logging.getLogger(__name__)

#: Where the Lease of an installation for the whole cluster is.
CLUSTER_NAMESPACE = "kube-system"
#: A Lease is renewed so many times within its duration.
_PER_DURATION = 5
#: A standby looks this often, or as often as the leader renews: what it sees late it takes late.
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 0.5


class Leadership:
    """All Leases of one installation, held together or not at all."""

    def __init__(
        self,
        kube: KubeClient,
        namespaces: tuple[str, ...],
        *,
        identity: str,
        seconds: float,
        unix_seconds: Callable[[], float],
    ) -> None:
        """`namespaces` are those that are watched; none means the whole cluster."""
        self._kube = kube
        self._cluster_wide = not namespaces
        self._every = seconds / _PER_DURATION
        self._look_every = min(self._every, _LOOK_SECONDS)
        self._rivals = Sightings()
        self._had_rival = False
        # In one order, so that two processes never hold one half each for long.
        homes = sorted(set(namespaces)) or [CLUSTER_NAMESPACE]
        self._leases = [
            Lease(kube, home, identity=identity, seconds=seconds, unix_seconds=unix_seconds)
            for home in homes
        ]

    @property
    def fence(self) -> int:
        """Higher than that of any leadership of this installation before."""
        return max(lease.fence for lease in self._leases)

    def check(self) -> None:
        """Raise LeaseLostError unless this process surely leads at this moment."""
        for lease in self._leases:
            lease.check()

    async def acquire(self, tell: Callable[[str, bool], None]) -> None:
        """Wait until this process leads; `tell` hears why not yet, and whether that is in order."""
        backoff = Backoff(longest=5.0)
        while True:
            try:
                obstacle = await self._try_acquire()
            except KubeError as error:
                tell(f"waits for the API server: {error}", False)
                await asyncio.sleep(backoff.next_delay())
                continue
            if not obstacle:
                metrics.LEADER.set(1)
                return
            backoff.reset()
            tell(f"standby: {obstacle}", True)
            await asyncio.sleep(self._pause())

    async def keep(self) -> NoReturn:
        """Renew for ever; raises LeaseLostError when it is certain or possible that it is lost."""
        while True:
            await asyncio.sleep(self._every)
            await self._renew_all()

    async def release(self, at_least: int = 0) -> None:
        """Let others lead at once; only after this process has stopped to change anything."""
        metrics.LEADER.set(0)
        for lease in self._leases:
            try:
                await lease.release(at_least)
            except KubeError as error:
                log.info("the Lease in %s runs out by itself: %s", lease.namespace, error)

    def _pause(self) -> float:
        """Until the next look: at the moment at which the Lease may be taken, if that is soon."""
        pause = self._look_every * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load
        left = max(lease.seconds_left for lease in self._leases)
        return min(pause, left) if left > 0 else pause

    async def _try_acquire(self) -> str:
        """What stands in the way; "" once all are held and no other installation leads."""
        if self._had_rival and (rival := await self._rival()):
            # While it leads, taking and giving back would be two writes at every look.
            return rival
        for lease in self._leases:
            if holder := await lease.try_acquire():
                await self._step_back(lease)
                return f"{holder} holds the Lease {lease.namespace}/{LEASE_NAME}"
        rival = await self._rival()
        self._had_rival = bool(rival)
        if rival:
            await self.release()
        return rival

    async def _step_back(self, missed: Lease) -> None:
        """Holding only some would keep another process from having all."""
        for lease in self._leases[: self._leases.index(missed)]:
            await lease.release()

    async def _renew_all(self) -> None:
        while True:
            self.check()
            try:
                for lease in self._leases:
                    await lease.renew()
            except KubeError as error:
                log.warning("the Lease is not renewed yet: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _rival(self) -> str:
        """An installation of the other kind that leads where this one wants to."""
        try:
            if self._cluster_wide:
                found, _ = await self._kube.list_all(LEASES, fields=f"metadata.name={LEASE_NAME}")
                others = [raw for raw in found if raw["metadata"]["namespace"] != CLUSTER_NAMESPACE]
            else:
                others = [await self._kube.get(LEASES, CLUSTER_NAMESPACE, LEASE_NAME)]
        except KubeNotFoundError:
            return ""
        except KubeRefusedError as error:
            log.warning("other installations of Scanyard cannot be seen: %s", error)
            return ""
        for raw in others:
            if self._rivals.is_live(raw):
                home, holder = raw["metadata"]["namespace"], LeaseRecord.read(raw).holder
                return f"another installation leads there: {holder} holds {home}/{LEASE_NAME}"
        return ""
