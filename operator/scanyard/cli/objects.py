"""ScanQueues, ScanJobs and attempt Pods for what must get through: patiently, consistently."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from scanyard.api import names
from scanyard.cli.api import Api
from scanyard.cli.cluster import MissingRightError, patiently
from scanyard.kube.errors import KubeError
from scanyard.kube.resources import PODS, SCANJOBS, SCANQUEUES, Resource
from scanyard.kube.server_clock import ServerClock, boot_seconds
from scanyard.lifecycle.pods.pod import PodState, is_attempt, read_pod

Json = dict[str, Any]

#: The Pods of all scans, and nothing else; also what the README tells kubectl.
SCAN_PODS: Final = (
    f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY},{names.LABEL_ROLE}={names.ROLE_ATTEMPT}"
)
#: A request is repeated for so long where the API server does not answer.
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class PodsOfQueues:
    """Pods that queues of one namespace admitted, or all.

    `foreign`: in that namespace, admitted by queues of others. `all_seen`: nothing of theirs may
    run in a namespace that the user may not look into.
    """

    pods: tuple[PodState, ...]
    foreign: tuple[PodState, ...] = ()
    all_seen: bool = True


class Objects:
    """The objects of one namespace, or of all; every method raises only ScanyardError."""

    def __init__(self, api: Api, namespace: str | None) -> None:
        self._api = api
        self._namespace = namespace

    def everywhere(self) -> Objects:
        """Those of all namespaces; its methods raise MissingRightError for most tenants."""
        return Objects(self._api, None)

    def queues(self) -> list[Json]:
        """All ScanQueues, consistently."""
        return self._list(SCANQUEUES)

    def scanjobs(self) -> list[Json]:
        """All ScanJobs, consistently."""
        return self._list(SCANJOBS)

    def scan_pods(self) -> list[PodState]:
        """The Pods of attempts, consistently."""
        return [read_pod(raw) for raw in self._list(PODS, labels=SCAN_PODS) if is_attempt(raw)]

    def pods_of_queues(self) -> PodsOfQueues:
        """The Pods of the queues here, in whatever namespace, and of others' in this one."""
        if self._namespace is None:
            return PodsOfQueues(tuple(self.scan_pods()))
        try:
            pods, all_seen = self.everywhere().scan_pods(), True
        except MissingRightError:
            pods, all_seen = self.scan_pods(), False
        ours = {pod.uid for pod in pods if pod.queue.partition("/")[0] == self._namespace}
        return PodsOfQueues(
            tuple(pod for pod in pods if pod.uid in ours),
            tuple(p for p in pods if p.namespace == self._namespace and p.uid not in ours),
            all_seen=all_seen,
        )

    def server_time(self) -> datetime:
        """The API server's time, which need not be this machine's; this machine's if it is mum."""
        clock, sent = ServerClock(), boot_seconds()
        with suppress(KubeError):
            date = self._api.date()
            clock.heard(date, sent=sent, received=boot_seconds())
        return clock.now()

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object."""
        return patiently(
            lambda: self._api.get(resource, namespace, name), wait_seconds=_PATIENCE_SECONDS
        )

    def annotate_queue(
        self, queue: Json, notes: Mapping[str, str | None], *, manager: str, version: str = ""
    ) -> None:
        """Set annotations of a ScanQueue, or remove those that are None.

        With `version` only if it is still that version; else KubeConflictError.
        """
        meta = queue["metadata"]
        body: Json = {"metadata": {"annotations": dict(notes)}}
        if version:
            body["metadata"]["resourceVersion"] = version
        patiently(
            lambda: self._api.merge(
                SCANQUEUES, meta["namespace"], meta["name"], body, manager=manager
            ),
            wait_seconds=_PATIENCE_SECONDS,
        )

    def delete_pod(self, pod: PodState) -> None:
        """Delete exactly this Pod, with its own grace period."""
        patiently(
            lambda: self._api.delete(PODS, pod.namespace, pod.name, uid=pod.uid),
            wait_seconds=_PATIENCE_SECONDS,
        )

    def _list(self, resource: Resource, *, labels: str = "") -> list[Json]:
        def request() -> list[Json]:
            return self._api.list_all(resource, self._namespace, {"labelSelector": labels})[0]

        return patiently(request, wait_seconds=_PATIENCE_SECONDS)


def notes_of(raw: Json) -> Mapping[str, str]:
    """The annotations of an object."""
    return raw["metadata"].get("annotations") or {}
