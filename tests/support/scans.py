"""ScanJobs and ScanQueues in a namespace of a test's own, and waiting for what becomes of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from tests.support.kube import Cluster, Namespace, Reply, eventually
from tests.support.watching import Event, Object, Recorder

_API: Final = "scanyard.dev/v1alpha1"
#: Long enough for a Pod to be scheduled and started on a busy machine with two cores.
START_SECONDS: Final = 60.0
#: Long enough for a short scan that does not wait for others.
SCAN_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Scan:
    """One ScanJob as its user sees it."""

    lab: Lab
    name: str

    def latest(self) -> Object:
        """The ScanJob, read now."""
        return self.lab.namespace.get("scanjobs", self.name)

    def wait(
        self,
        accept: Callable[[Object], bool],
        what: str,
        *,
        seconds: float = SCAN_SECONDS,
        after: int = 0,
    ) -> Object:
        """The first version, past or future, that is accepted and newer than `after`."""
        return self.lab.scanjobs.wait(
            lambda event: event.type != "DELETED" and accept(event.object),
            f"{self.name} {what}",
            seconds=seconds,
            name=self.name,
            after=after,
        ).object

    def reach(self, *phases: str, seconds: float = SCAN_SECONDS, after: int = 0) -> Object:
        """The first version in one of these phases."""
        return self.wait(
            lambda job: phase(job) in phases, f"is {phases}", seconds=seconds, after=after
        )

    def finish(self, *, seconds: float = SCAN_SECONDS, after: int = 0) -> Object:
        """The first version with the condition Finished."""
        return self.wait(
            lambda job: condition(job, "Finished") == "True",
            "is finished",
            seconds=seconds,
            after=after,
        )

    def phases(self, after: int = 0) -> list[str]:
        """The phases that were shown, in order, without repetition."""
        shown: list[str] = []
        for event in self.lab.scanjobs.events(self.name):
            if event.version > after and phase(event.object) not in shown[-1:]:
                shown.append(phase(event.object))
        return shown

    def change(self, **spec: Any) -> int:
        """Change fields of the spec; the resourceVersion after it."""
        body = self.lab.namespace.patch("scanjobs", self.name, {"spec": spec}).expect()
        return int(body["metadata"]["resourceVersion"])

    def delete(self) -> None:
        path = self.lab.namespace.path("scanjobs", self.name)
        self.lab.cluster.request("DELETE", path).expect()

    def pod_events(self) -> list[Event]:
        """All events of its Pods, in order; also after it is gone."""
        uids = self._uids()
        return [event for event in self.lab.pods.events() if _owner(event.object) in uids]

    def wait_pod(
        self, accept: Callable[[Event], bool], what: str, *, seconds: float = START_SECONDS
    ) -> Event:
        """The first event of its Pods, past or future, that is accepted; also after it is gone."""
        uids = self._uids()
        return self.lab.pods.wait(
            lambda event: _owner(event.object) in uids and accept(event),
            f"a Pod of {self.name} {what}",
            seconds=seconds,
        )

    def running(self, *, seconds: float = START_SECONDS) -> Object:
        """Its Pod, as soon as the scanner runs in it."""
        return self.wait_pod(
            lambda event: "running" in scanner_state(event.object), "runs", seconds=seconds
        ).object

    def wait_until_pods_are_gone(self, *, seconds: float = 30) -> None:
        """Wait until none of its Pods is there any more."""
        names = {event.name for event in self.pod_events()}
        eventually(
            lambda: {pod["metadata"]["name"] for pod in self.lab.list_pods()} & names,
            lambda left: not left,
            seconds=seconds,
        )

    def live_pods(self) -> list[str]:
        """Names of its Pods that are there and have not ended."""
        return [
            pod["metadata"]["name"]
            for pod in self.lab.list_pods()
            if pod["metadata"]["name"].startswith(f"{self.name}-") and not scanner_end(pod)
        ]

    def _uids(self) -> set[str]:
        """Of the ScanJob, and of its namesakes before it."""
        self.lab.scanjobs.wait(lambda _: True, "was seen", seconds=10, name=self.name)
        return {event.object["metadata"]["uid"] for event in self.lab.scanjobs.events(self.name)}

    def log(self) -> str:
        """What its newest Pod printed."""
        name = self.latest()["status"]["attempts"][-1]["podName"]
        return self.lab.namespace.kubectl("logs", f"pod/{name}")

    def findings(self) -> list[dict[str, Any]]:
        """All findings, from the Pod's log."""
        marker = "scanyard: finding "
        lines = [line for line in self.log().splitlines() if line.startswith(marker)]
        return [json.loads(line.removeprefix(marker)) for line in lines]


class Lab:
    """A namespace with recorders of its ScanJobs and Pods; gone, in the background, at the end.

    Safe to use from several threads.
    """

    def __init__(
        self,
        cluster: Cluster,
        purpose: str = "e2e",
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        self.cluster = cluster
        self._annotations = dict(annotations or {})
        self.name = f"{purpose}-{uuid.uuid4().hex[:8]}"
        self.namespace = Namespace(cluster, self.name)
        self.scanjobs = Recorder(cluster, self.namespace.path("scanjobs"))
        self.pods = Recorder(cluster, f"/api/v1/namespaces/{self.name}/pods")
        self._recorders = ExitStack()

    def __enter__(self) -> Self:
        labels = {"scanyard.dev/test": "true"}
        meta = {"name": self.name, "labels": labels, "annotations": self._annotations}
        body = {"metadata": meta}
        self.cluster.request("POST", "/api/v1/namespaces", body).expect()
        self._recorders.enter_context(self.scanjobs)
        self._recorders.enter_context(self.pods)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._recorders.close()
        self.cluster.request("DELETE", f"/api/v1/namespaces/{self.name}")

    def queue(self, name: str = "default", **spec: Any) -> str:
        """Make a ScanQueue; its name."""
        body = resource("ScanQueue", name, spec)
        self.namespace.create("scanqueues", body).expect()
        return name

    def change_queue(self, name: str, **spec: Any) -> int:
        """Change fields of a ScanQueue; the resourceVersion after it."""
        body = self.namespace.patch("scanqueues", name, {"spec": spec}).expect()
        return int(body["metadata"]["resourceVersion"])

    def try_submit(self, name: str, **spec: Any) -> Reply:
        """Create a ScanJob; a refusal does not raise."""
        return self.namespace.create("scanjobs", resource("ScanJob", name, spec))

    def submit(self, name: str, *, queue: str = "default", **spec: Any) -> Scan:
        """Create a ScanJob by its spec in `queue`."""
        self.try_submit(name, **{"queueRef": {"name": queue}} | spec).expect()
        return Scan(self, name)

    def list_pods(self) -> list[dict[str, Any]]:
        """The namespace's Pods, read now."""
        path = f"/api/v1/namespaces/{self.name}/pods"
        pods: list[dict[str, Any]] = self.cluster.request("GET", path).expect()["items"]
        return pods

    def delete_pod(self, name: str, **options: Any) -> None:
        """Delete a Pod as `kubectl delete pod` does; options as in DeleteOptions."""
        path = f"/api/v1/namespaces/{self.name}/pods/{name}"
        self.cluster.request("DELETE", path, options or None).expect()

    def wait_queue(
        self,
        name: str,
        accept: Callable[[Mapping[str, Any]], bool],
        *,
        seconds: float = 30,
    ) -> Mapping[str, Any]:
        """The status of a ScanQueue, once it is accepted (it is written every 5 s at most)."""
        status: Mapping[str, Any] = eventually(
            lambda: self.namespace.get("scanqueues", name).get("status") or {},
            accept,
            seconds=seconds,
            every=0.5,
        )
        return status

    def wait_idle(self, queue: str, *, seconds: float = 30) -> None:
        """Wait until nothing holds a slot of the queue and nothing waits in it."""
        self.wait_queue(
            queue,
            lambda status: (status.get("running"), status.get("waiting")) == (0, 0),
            seconds=seconds,
        )


def resource(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A Scanyard resource as a user writes it."""
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def phase(job: Object) -> str:
    return str((job.get("status") or {}).get("phase", ""))


def condition(job: Object, kind: str, field: str = "status") -> str:
    """A field of the condition of that type; empty when it is not there."""
    for item in (job.get("status") or {}).get("conditions") or ():
        if item["type"] == kind:
            return str(item.get(field, ""))
    return ""


def ports(job: Object) -> dict[str, dict[tuple[int, str], str]]:
    """Of the summary: per address that is up, the state of each (port, protocol) that is told."""
    hosts: Sequence[Mapping[str, Any]] = job["status"]["summary"].get("hosts") or ()
    return {
        host["address"]: {
            (port["port"], port["protocol"]): port["state"] for port in host.get("ports") or ()
        }
        for host in hosts
        if host["state"] == "up"
    }


def open_ports(job: Object) -> dict[str, set[tuple[int, str]]]:
    """Of the summary: per address that is up, its open (port, protocol)."""
    return {
        address: {port for port, state in states.items() if state == "open"}
        for address, states in ports(job).items()
    }


def scanner_state(pod: Object) -> Mapping[str, Any]:
    """The state of the scanner container as the kubelet wrote it: waiting, running, terminated."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == "scanner":
            state: Mapping[str, Any] = status.get("state") or {}
            return state
    return {}


def scanner_end(pod: Object) -> Mapping[str, Any] | None:
    """The container's terminated state; None while it has not ended."""
    return scanner_state(pod).get("terminated")


def _owner(pod: Object) -> str:
    for owner in pod["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner["uid"])
    return ""
