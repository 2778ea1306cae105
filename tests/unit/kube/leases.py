"""Leases as an API server keeps them, with a clock and faults that a real one would not give."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeUnavailableError

Json = dict[str, Any]


class Leases:
    """Compare-and-swap by resourceVersion; `fault` says what becomes of the next write."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self._version = 0
        self._uids = 0
        #: None, "refused" (not done, no answer) or "unanswered" (done, no answer).
        self.fault: str | None = None
        #: Called between a request's leaving its sender and its being carried out.
        self.on_the_way: Callable[[], None] = lambda: None
        #: Called between its being carried out and its answer's being read.
        self.on_the_way_back: Callable[[], None] = lambda: None

    def client(self) -> LeaseClient:
        """A client as KubeClient is one."""
        return LeaseClient(self)

    def create(self, namespace: str, body: Json) -> Json:
        if namespace in self.objects:
            raise KubeConflictError(409, "already exists")
        self._uids += 1
        return self._store(namespace, body, uid=f"uid-{self._uids}")

    def replace(self, namespace: str, body: Json) -> Json:
        stored = self.objects.get(namespace)
        if stored is None:
            raise KubeNotFoundError(404, "not found")
        meta, wanted = stored["metadata"], body["metadata"]
        if (meta["uid"], meta["resourceVersion"]) != (wanted["uid"], wanted["resourceVersion"]):
            raise KubeConflictError(409, "the object has been modified")
        return self._store(namespace, body, uid=meta["uid"])

    def _store(self, namespace: str, body: Json, *, uid: str) -> Json:
        self._version += 1
        meta = {"namespace": namespace, "name": "scanyard", "uid": uid}
        stored = copy.deepcopy(body)
        stored["metadata"] = meta | {"resourceVersion": str(self._version)}
        self.objects[namespace] = stored
        return copy.deepcopy(stored)


class LeaseClient:
    """The requests of KubeClient that a Lease needs."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    async def get(self, _: Any, namespace: str, __: str) -> Json:
        if namespace not in self._leases.objects:
            raise KubeNotFoundError(404, "not found")
        return copy.deepcopy(self._leases.objects[namespace])

    async def list_all(self, _: Any, *, fields: str) -> tuple[list[Json], int]:
        assert fields == "metadata.name=scanyard"
        return [copy.deepcopy(raw) for raw in self._leases.objects.values()], 1

    async def create(self, _: Any, namespace: str, body: Json) -> Json:
        return self._write(lambda: self._leases.create(namespace, body))

    async def replace(self, _: Any, namespace: str, __: str, body: Json) -> Json:
        return self._write(lambda: self._leases.replace(namespace, body))

    def _write(self, do: Callable[[], Json]) -> Json:
        fault, self._leases.fault = self._leases.fault, None
        self._leases.on_the_way()
        if fault == "refused":
            raise KubeUnavailableError(0, "connection refused")
        answer = do()
        self._leases.on_the_way_back()
        if fault == "unanswered":
            raise KubeUnavailableError(0, "timed out")
        return answer
