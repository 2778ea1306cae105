"""A controller whose API server and ledger are played."""

from __future__ import annotations

from typing import Any, cast

from scanyard.controller.context import Context
from scanyard.controller.handlers import on_pod, on_scanjob, on_scanqueue
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeConflictError, KubeError, KubeNotFoundError
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.operations import Operation, OpResult
from scanyard.settings import Settings
from tests.support.objects import NOW, raw_queue


class ApiServer:
    """One object of each plural; remembers what was asked of it."""

    def __init__(self, **objects: dict[str, Any] | None) -> None:
        self.objects: dict[str, dict[str, Any] | None] = {"scanqueues": raw_queue(), **objects}
        self.asked: list[tuple[str, str]] = []
        #: What the next writes of a status end as.
        self.refuses: list[KubeError] = []

    async def get(self, resource: Any, _namespace: str | None, name: str) -> dict[str, Any]:
        self.asked.append((resource.plural, name))
        found = self.objects.get(resource.plural)
        if found is None:
            raise KubeNotFoundError(404, "not found")
        return found

    async def patch_status(self, resource: Any, *arguments: Any) -> dict[str, Any]:
        self.asked.append((resource.plural, "patch"))
        if self.refuses:
            raise self.refuses.pop(0)
        found, status, version = self.objects[resource.plural], arguments[2], int(arguments[3])
        assert found is not None
        if int(found["metadata"]["resourceVersion"]) != version:
            raise KubeConflictError(409, "the object has been modified")
        meta = {**found["metadata"], "resourceVersion": str(version + 1)}
        changed = {**found, "metadata": meta, "status": {**found.get("status", {}), **status}}
        self.objects[resource.plural] = changed
        return changed

    async def create(self, resource: Any, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((resource.plural, "create"))
        return body

    async def delete(self, resource: Any, _ns: str, name: str, *, uid: str) -> dict[str, Any]:
        self.asked.append((resource.plural, f"delete {name} {uid}"))
        return {"kind": "Status"}


class Ledger:
    """Takes every operation, and what it is rebuilt with."""

    def __init__(self) -> None:
        self.contents: list[str] = []

    async def submit_all(self, operations: list[Operation]) -> list[OpResult]:
        return [OpResult.ADOPTED for _ in operations]

    async def ranks(self, jobs: list[tuple[str, str]]) -> list[int | None]:
        return list(range(len(jobs)))

    async def rebuild(self, _fence: int, contents: LedgerContents) -> None:
        self.contents = [" ".join(item.arguments()) for item in contents]


def context_of(
    api: ApiServer, *pods: dict[str, Any], queue: dict[str, Any] | None = None
) -> Context:
    context = Context(
        Settings(),
        cast("KubeClient", api),
        cast("Any", Ledger()),
        7,
        DenyList(()),
        now=lambda: NOW,
        ledger_current=True,
    )
    on_scanqueue(context, "ADDED", queue or api.objects["scanqueues"] or raw_queue())
    if api.objects["scanjobs"] is not None:
        on_scanjob(context, "ADDED", api.objects["scanjobs"])
    for pod in pods:
        on_pod(context, "ADDED", pod)
    return context


def node_that_is(ready: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": ready}]}}


def newer(raw: dict[str, Any]) -> dict[str, Any]:
    return raw | {"metadata": raw["metadata"] | {"resourceVersion": "999"}}
