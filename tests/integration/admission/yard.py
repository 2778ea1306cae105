"""An admission loop with a real Redis; the API server is a table of objects in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast

from redis.asyncio import Redis

from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.admission.loop import admit_all
from scanyard.controller.context import Context
from scanyard.controller.explaining.positions import places_in_line
from scanyard.controller.handlers import on_scanjob, on_scanqueue
from scanyard.controller.reconcile import reconcile
from scanyard.kube.client import KubeClient
from scanyard.lifecycle.decision import Parked
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.lifecycle.timestamps import format_time
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.writer import LedgerWriter
from scanyard.settings import Settings
from tests.integration.queueing.helpers import INSTALLATION
from tests.support.objects import NOW, raw_job, raw_queue

_WORKERS: Final = 64


class _Table:
    """Takes every patch of a status; Pods are never made."""

    def __init__(self, jobs: dict[str, dict[str, Any]]) -> None:
        self._jobs = jobs
        self._version = 1000

    async def patch_status(self, _resource: Any, _ns: str, name: str, *rest: Any) -> dict[str, Any]:
        found = self._jobs[name]
        return self.replace(name, {**found["status"], **rest[0]})

    def replace(self, name: str, status: Mapping[str, Any]) -> dict[str, Any]:
        self._version += 1
        found = self._jobs[name]
        meta = found["metadata"] | {"resourceVersion": str(self._version)}
        # A merge patch removes what it sets to null.
        kept = {key: value for key, value in status.items() if value is not None}
        self._jobs[name] = found | {"metadata": meta, "status": kept}
        return self._jobs[name]


class Yard:
    """Queues of one namespace, ScanJobs of any, and the leader that admits them.

    `now`: what the API server's clock shows. ScanJobs have one name only, in whatever namespace.
    """

    def __init__(self, redis: Redis, **settings: Any) -> None:
        self._redis = redis
        self.ledger = Ledger(redis, INSTALLATION)
        self._jobs: dict[str, dict[str, Any]] = {}
        self._table = _Table(self._jobs)
        self._version = 0
        self._queues: dict[str, dict[str, Any]] = {}
        self.now = NOW
        self.context = Context(
            Settings(**settings),
            cast("KubeClient", self._table),
            LedgerWriter(self.ledger),
            7,
            DenyList(()),
            now=lambda: self.now,
        )

    async def begin(self) -> None:
        """Build the ledger from what there is."""
        await rebuild(self.context, self.ledger)

    def queue(self, name: str, **spec: Any) -> None:
        """Create a queue, or change it."""
        self._version += 1
        raw = self._queues[name] = raw_queue(**{"allowedNamespaces": {"from": "All"}, **spec})
        raw["metadata"] |= {
            "name": name,
            "uid": f"queue-{name}",
            "resourceVersion": str(self._version),
        }
        on_scanqueue(self.context, "MODIFIED", raw)

    def successor(self) -> Yard:
        """Another leader that knows the objects as they are, and nothing else."""
        other = Yard(self._redis)
        for raw in self._queues.values():
            on_scanqueue(other.context, "ADDED", raw)
        for name, raw in self._jobs.items():
            other._jobs[name] = raw
            on_scanjob(other.context, "ADDED", raw)
        return other

    def job(
        self,
        name: str,
        queue: str,
        *,
        namespace: str = "team",
        age_seconds: float = 0,
        **spec: Any,
    ) -> None:
        """A ScanJob that was created so long ago."""
        raw = raw_job(queueRef={"name": queue, "namespace": "team"}, **spec)
        raw["metadata"] |= {
            "namespace": namespace,
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": format_time(self.now - timedelta(seconds=age_seconds)),
        }
        self._jobs[name] = raw
        on_scanjob(self.context, "ADDED", raw)

    def change(self, name: str, **spec: Any) -> None:
        """A user changes a ScanJob."""
        raw = self._table.replace(name, self._jobs[name]["status"])
        raw = self._jobs[name] = raw | {"spec": raw["spec"] | spec}
        on_scanjob(self.context, "MODIFIED", raw)

    def end(self, name: str) -> None:
        """Its attempt has ended well."""
        status = self._jobs[name]["status"]
        done = {"type": "Finished", "status": "True", "reason": "ScanComplete", "message": ""}
        attempts = [item | {"endedAt": format_time(self.now)} for item in status["attempts"]]
        raw = self._table.replace(name, status | {"attempts": attempts, "conditions": [done]})
        on_scanjob(self.context, "MODIFIED", raw)

    async def work(self) -> None:
        """Let the leader come to rest, without the Pods of what it admits."""
        while True:
            await self._reconcile_what_does_not_run()
            await admit_all(self.context, self.ledger)
            if not len(self.context.dirty):
                return

    async def _reconcile_what_does_not_run(self) -> None:
        while waiting := len(self.context.dirty):
            await asyncio.gather(*(self._reconcile_one() for _ in range(min(waiting, _WORKERS))))

    async def _reconcile_one(self) -> None:
        async with self.context.dirty.next() as uid:
            job = self.context.mirror.jobs.get(uid)
            if job is None or job.status.open_attempt is None:
                await reconcile(self.context, uid)

    def running(self) -> set[str]:
        """Who holds a slot."""
        holders = self.context.placement.holders()
        return {uid.removeprefix("uid-") for uid, _ in holders}

    def running_of(self, queue: str) -> dict[str, int]:
        """How many slots of a queue each namespace holds."""
        return dict(self.context.placement.namespaces.held(f"team/{queue}"))

    async def positions(self, queue: str, names: Sequence[str]) -> dict[str, int | None]:
        """Where these stand in the order of the queue."""
        found = [self.context.mirror.jobs.get(f"uid-{name}") for name in names]
        jobs = [(f"team/{queue}", job.member) for job in found if job is not None]
        places = await places_in_line(self.context, self.ledger, jobs)
        return dict(zip(names, places, strict=True))

    def parked(self, names: Iterable[str]) -> set[str]:
        """Those of them that are kept aside."""
        standings = {name: self.context.placement.get(f"uid-{name}") for name in names}
        return {name for name, s in standings.items() if s and isinstance(s.place, Parked)}

    def blocker(self, name: str) -> str:
        """The parked list that it is in."""
        standing = self.context.placement.get(f"uid-{name}")
        assert standing is not None
        assert isinstance(standing.place, Parked), f"{name} is {standing.place}"
        return standing.place.blocker

    def packets(self, name: str) -> int:
        """The rate with which it was admitted."""
        return int(self._jobs[name]["status"]["attempts"][-1].get("packetsPerSecond", 0))
