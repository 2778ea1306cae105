"""Nodes without machines: they run Pods as kubelets do, and know what really runs.

What a node knows of its containers is the truth that the audit is after: a Pod that was deleted by
force is gone from the API, while its container goes on for a while.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import urllib3

from scanyard.lifecycle.timestamps import format_time
from tests.support.kube import MERGE_PATCH, Reply
from tests.support.objects import report, terminated
from tests.support.scans import Lab

_EVERY_SECONDS: Final = 0.02
#: From a Pod's creation to its scanner's start, how long a scan takes, from a deletion to the
#: scanner's end, and how long it lives on without its Pod.
_START: Final = (0.0, 0.3)
_SCAN: Final = (0.1, 2.0)
_STOP: Final = (0.0, 0.5)
_ORPHANED: Final = (0.5, 3.0)
_NODES: Final = "/api/v1/nodes"


@dataclass(slots=True)
class Container:
    """One scanner that runs or has run; times of time.monotonic()."""

    pod: str
    pod_uid: str
    scanjob: str
    queue: str
    started: float
    ends_at: float
    complete: bool = True
    ended: float | None = None
    #: What its scanner was told to send at most in a second; 0: nothing.
    packets: int = 0


@dataclass(slots=True)
class _Pod:
    raw: Mapping[str, Any]
    node: str
    start_at: float
    container: Container | None = None
    bound: bool = False
    told_running: bool = False
    told_end: bool = False
    gone: bool = False
    started_text: str = ""


@dataclass(slots=True)
class _NodeState:
    lost: bool = False
    ready_since: float = field(default_factory=time.monotonic)


class Nodes:
    """Two nodes for the Pods of one namespace; use as a context manager."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self._lab = lab
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._pods: dict[str, _Pod] = {}
        self._nodes = {name: _NodeState() for name in ("node-a", "node-b")}
        self._position = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nodes", daemon=True)
        self._failure: BaseException | None = None
        #: Every container that ever ran.
        self.containers: list[Container] = []

    def __enter__(self) -> Self:
        for name in self._nodes:
            self._lab.cluster.request("POST", _NODES, {"metadata": {"name": name}})
            self._report_node(name)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def lose(self, name: str) -> None:
        """Cut a node off: its containers go on, nobody hears of them."""
        self._nodes[name].lost = True
        self._report_node(name)

    def bring_back(self, name: str) -> None:
        """The node tells again what it has done meanwhile."""
        self._nodes[name].lost = False
        self._report_node(name)

    def running(self) -> list[Container]:
        """What runs now, wherever."""
        return [item for item in self.containers if item.ended is None]

    def check(self) -> None:
        """Raise what went wrong in the nodes' own thread."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stopping.wait(_EVERY_SECONDS):
                self._listen()
                for pod in list(self._pods.values()):
                    self._advance(pod)
        except BaseException as error:
            self._failure = error
            raise

    def _listen(self) -> None:
        """Take in what the API server has told."""
        events = self._lab.pods.since(self._position)
        self._position += len(events)
        for event in events:
            uid = event.object["metadata"]["uid"]
            pod = self._pods.get(uid)
            if pod is None:
                if event.type == "DELETED" or event.object["spec"].get("schedulingGates"):
                    continue
                pod = self._pods[uid] = self._new(event.object)
            pod.raw = event.object
            if event.type == "DELETED":
                self._orphan(uid, pod)

    def _new(self, raw: Mapping[str, Any]) -> _Pod:
        awake = [name for name, state in self._nodes.items() if not state.lost] or [*self._nodes]
        node = raw["spec"].get("nodeName") or self._random.choice(awake)
        return _Pod(raw, node, time.monotonic() + self._random.uniform(*_START))

    def _orphan(self, uid: str, pod: _Pod) -> None:
        """Its Pod is gone; a container that still runs is ended by and by."""
        pod.gone = True
        container = pod.container
        if container is None or container.ended is not None:
            del self._pods[uid]
        elif not self._nodes[pod.node].lost:
            lives_on = time.monotonic() + self._random.uniform(*_ORPHANED)
            container.ends_at = min(container.ends_at, lives_on)

    def _advance(self, pod: _Pod) -> None:
        now = time.monotonic()
        container = pod.container
        if container is not None and container.ended is None and now >= container.ends_at:
            container.ended = now
        if self._nodes[pod.node].lost:
            return
        if pod.gone:
            if container is None or container.ended is not None:
                self._pods.pop(pod.raw["metadata"]["uid"], None)
        elif container is not None:
            self._follow(pod, container, now)
        elif "deletionTimestamp" in pod.raw["metadata"]:
            self._remove(pod)
        elif now >= pod.start_at:
            self._start(pod)

    def _follow(self, pod: _Pod, container: Container, now: float) -> None:
        """Tell of a container; stop it if its Pod is to go, and then let the Pod go."""
        deleting = "deletionTimestamp" in pod.raw["metadata"]
        if deleting and container.ended is None and container.complete:
            container.complete = False
            container.ends_at = now + self._random.uniform(*_STOP)
        if not pod.told_running:
            pod.told_running = self._tell(pod, {"running": {"startedAt": pod.started_text}})
        elif container.ended is not None and not pod.told_end:
            pod.told_end = self._tell_end(pod, container)
        elif deleting and pod.told_end:
            self._remove(pod)

    def _start(self, pod: _Pod) -> None:
        if not pod.bound:
            pod.bound = self._bind(pod)
            if not pod.bound:
                return
        meta = pod.raw["metadata"]
        owner = meta["ownerReferences"][0]
        now = time.monotonic()
        queue = meta["annotations"]["scanyard.dev/queue"]
        ends_at = now + self._random.uniform(*_SCAN)
        container = Container(meta["name"], meta["uid"], owner["uid"], queue, now, ends_at)
        container.packets = _max_rate(pod.raw["spec"]["containers"][0].get("args") or [])
        pod.container = container
        pod.started_text = format_time(datetime.now(UTC))
        self.containers.append(pod.container)

    def _bind(self, pod: _Pod) -> bool:
        if pod.raw["spec"].get("nodeName"):
            return True
        name = pod.raw["metadata"]["name"]
        target = {"apiVersion": "v1", "kind": "Node", "name": pod.node}
        meta = {"name": name, "uid": pod.raw["metadata"]["uid"]}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
        reply = self._ask(
            lambda: self._lab.cluster.request("POST", f"{self._path(pod)}/binding", body)
        )
        return reply is not None and reply.ok

    def _tell(self, pod: _Pod, state: Mapping[str, Any], **status: Any) -> bool:
        """Write the Pod's status; False if nobody answered."""
        container = {
            "name": "scanner",
            "image": "scanner",
            "imageID": "",
            "ready": "running" in state,
            "restartCount": 0,
            "state": state,
        }
        told = {"phase": "Running", "startTime": pod.started_text, "podIP": "198.18.0.9"} | status
        body = {
            "metadata": {"uid": pod.raw["metadata"]["uid"]},
            "status": told | {"containerStatuses": [container]},
        }
        path = f"{self._path(pod)}/status"
        request = self._lab.cluster.request
        reply = self._ask(lambda: request("PATCH", path, body, content_type=MERGE_PATCH))
        return reply is not None and (reply.ok or reply.code in {404, 409, 422})

    def _tell_end(self, pod: _Pod, container: Container) -> bool:
        complete = container.complete
        state = terminated(
            report(complete=complete),
            exit_code=0 if complete else 143,
            startedAt=pod.started_text,
            finishedAt=format_time(datetime.now(UTC)),
        )
        return self._tell(pod, state, phase="Succeeded" if complete else "Failed")

    def _remove(self, pod: _Pod) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.raw["metadata"]["uid"]}}
        self._ask(lambda: self._lab.cluster.request("DELETE", self._path(pod), options))

    def _path(self, pod: _Pod) -> str:
        return f"/api/v1/namespaces/{self._lab.name}/pods/{pod.raw['metadata']['name']}"

    def _report_node(self, name: str) -> None:
        ready = "Unknown" if self._nodes[name].lost else "True"
        body = {"status": {"conditions": [{"type": "Ready", "status": ready}]}}
        path = f"{_NODES}/{name}/status"
        request = self._lab.cluster.request
        self._ask(lambda: request("PATCH", path, body, content_type=MERGE_PATCH))

    @staticmethod
    def _ask(request: Callable[[], Reply]) -> Reply | None:
        """The answer, or None while the API server is away; the next round asks again."""
        try:
            return request()
        except (urllib3.exceptions.HTTPError, ValueError):
            return None


def _max_rate(args: list[str]) -> int:
    """What nmap is told."""
    return int(args[args.index("--max-rate") + 1]) if "--max-rate" in args else 0
