"""A controller with many ScanJobs, whose API server and ledger are played."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, cast

from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanjob, on_scanqueue
from scanyard.controller.reconcile import reconcile
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from scanyard.lifecycle.explaining.outlook import Outlook
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, at, condition, raw_job, raw_queue
from tests.unit.controller.shell import Ledger


class Objects:
    """An API server's ScanJobs by name; every change gets the next version."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.version = 1000
        self.deletes: list[dict[str, str]] = []
        #: What the next deletions end as, by name.
        self.refuses: dict[str, KubeError] = {}

    def change(self, name: str, **parts: Any) -> dict[str, Any]:
        """A new version of a ScanJob, with these parts in place of the old ones."""
        self.version += 1
        old = self.jobs[name]
        meta = {**old["metadata"], "resourceVersion": str(self.version)}
        self.jobs[name] = {**old, **parts, "metadata": meta}
        return self.jobs[name]

    async def get(self, _resource: Any, _namespace: str | None, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise KubeNotFoundError(404, "not found")
        return self.jobs[name]

    async def patch_status(
        self, _resource: Any, _namespace: str, name: str, status: dict[str, Any], version: str
    ) -> dict[str, Any]:
        found = await self.get(None, None, name)
        if found["metadata"]["resourceVersion"] != version:
            raise KubeConflictError(409, "the object has been modified")
        whole = {**found["status"], **status}
        return self.change(name, status={k: v for k, v in whole.items() if v is not None})

    async def create(self, _resource: Any, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        """A Pod that its node has not heard of yet."""
        self.version += 1
        name = body["metadata"]["name"]
        made = {"uid": f"pod of {name}", "resourceVersion": str(self.version)}
        return {**body, "metadata": {**body["metadata"], **made, "creationTimestamp": at(0)}}

    async def delete(
        self, resource: Any, _namespace: str, name: str, *, uid: str, resource_version: str = ""
    ) -> dict[str, Any]:
        self.deletes.append({"of": resource.plural, "name": name, "uid": uid})
        if name in self.refuses:
            raise self.refuses.pop(name)
        found = await self.get(None, None, name)
        meta = found["metadata"]
        if (meta["uid"], meta["resourceVersion"]) != (uid, resource_version):
            raise KubeConflictError(409, "the object has been modified")
        del self.jobs[name]
        return {"kind": "Status"}


class Yard:
    """What people do to ScanJobs of the namespace team, and what the operator makes of it."""

    def __init__(self, **queue: Any) -> None:
        self.api = Objects()
        self.now = NOW
        self.context = self._context(queue)

    def _context(self, queue: dict[str, Any]) -> Context:
        context = Context(
            Settings(),
            cast("KubeClient", self.api),
            cast("Any", Ledger()),
            7,
            DenyList(()),
            now=lambda: self.now,
            ledger_current=True,
        )
        context.placement.built = True
        on_scanqueue(context, "ADDED", raw_queue(**queue))
        return context

    def create(
        self, name: str, *needs: str, status: dict[str, Any] | None = None, **spec: Any
    ) -> None:
        """A ScanJob that depends on `needs`; its uid is its name, a number for each creation."""
        depends = {"dependsOn": [{"name": need, "condition": "Succeeded"} for need in needs]}
        raw = raw_job(status=status, **(depends if needs else {}) | spec)
        self.api.version += 1
        version = str(self.api.version)
        raw["metadata"] |= {"name": name, "uid": f"{name}.{version}", "resourceVersion": version}
        self.api.jobs[name] = raw
        on_scanjob(self.context, "ADDED", raw)

    def delete(self, name: str) -> None:
        on_scanjob(self.context, "DELETED", self.api.jobs.pop(name))

    def spec(self, name: str, **fields: Any) -> None:
        """Somebody changes its spec."""
        raw = self.api.change(name, spec=self.api.jobs[name]["spec"] | fields)
        on_scanjob(self.context, "MODIFIED", raw)

    def status(self, name: str, status: dict[str, Any]) -> None:
        """Its status becomes this."""
        on_scanjob(self.context, "MODIFIED", self.api.change(name, status=status))

    def phase(self, name: str) -> str:
        return str(self.api.jobs[name]["status"]["phase"])

    def told(self, name: str, kind: str = "Reconciling") -> tuple[str, str]:
        """Reason and message of a condition."""
        for item in self.api.jobs[name]["status"].get("conditions") or ():
            if item["type"] == kind:
                return item["reason"], item["message"]
        return "", ""

    def place(self, name: str) -> object:
        standing = self.context.placement.get(self.api.jobs[name]["metadata"]["uid"])
        return standing.place if standing is not None else None

    async def settle(self, *, announce: bool = False) -> list[str]:
        """Look at whatever wants to be looked at; the names of those, in order."""
        if announce:
            for raw in self.api.jobs.values():
                self.context.tell(raw["metadata"]["uid"], Outlook())
        names: list[str] = []
        while len(self.context.dirty):
            async with asyncio.timeout(5), self.context.dirty.next() as uid:
                names.append(uid.partition(".")[0])
                await reconcile(self.context, uid)
        return names


def ended(phase: str, finished_at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """The status of a ScanJob that has finished so."""
    seconds = (finished_at - NOW).total_seconds()
    return {
        "observedGeneration": 1,
        "phase": phase,
        "finishedAt": at(seconds),
        "conditions": [condition("Finished", phase)],
    } | fields
