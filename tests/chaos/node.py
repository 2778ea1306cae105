"""Nodes without machines: they run Pods as kubelets do, and know what really runs.

What a node knows of its containers is the truth that the audit is after: a Pod that was deleted by
force is gone from the API, while its container goes on for a while.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from scanyard.lifecycle.timestamps import format_time
from tests.chaos.node_api import NodeApi
from tests.support.scans import Lab
from tests.support.scheduling import suits

_EVERY_SECONDS: Final = 0.02
#: From a Pod's creation to its scanner's start, how long a scan takes, from a deletion to the
#: scanner's end, and how long it lives on without its Pod.
_START: Final = (0.0, 0.3)
_SCAN: Final = (0.1, 2.0)
_STOP: Final = (0.0, 0.5)
_ORPHANED: Final = (0.5, 3.0)


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
    namespace: str = ""
    node: str = ""
    #: When its Pod was first seen, which may have waited for a node since; if known.
    pod_came: float | None = None
    #: When its Pod went, if that was before its end.
    pod_went: float | None = None

    @property
    def allowed_since(self) -> float:
        """From when on a limit that is lowered no longer keeps it from starting."""
        return self.started if self.pod_came is None else self.pod_came


@dataclass(slots=True)
class _Pod:
    raw: Mapping[str, Any]
    start_at: float
    seen_at: float
    #: Where it is to run, once a node suits it.
    node: str = ""
    told_unschedulable: bool = False
    container: Container | None = None
    bound: bool = False
    told_running: bool = False
    told_end: bool = False
    gone: bool = False
    started_text: str = ""

    @property
    def rests(self) -> bool:
        """Whether nothing is to be done about it until it is deleted."""
        return self.told_end and not self.gone and "deletionTimestamp" not in self.raw["metadata"]


@dataclass(slots=True)
class _NodeState:
    lost: bool = False
    ready_since: float = field(default_factory=time.monotonic)


class Nodes:
    """Two nodes for the Pods of some namespaces; use as a context manager."""

    def __init__(self, labs: Sequence[Lab], seed: int) -> None:
        self._api = NodeApi(labs[0].cluster)
        self._recorders = {lab.pods: 0 for lab in labs}
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._pods: dict[str, _Pod] = {}
        #: Those of them about which something is to be done: thousands rest after a while.
        self._busy: dict[str, _Pod] = {}
        self._nodes = {name: _NodeState() for name in ("node-a", "node-b")}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nodes", daemon=True)
        self._failure: BaseException | None = None
        #: Every container that ever ran.
        self.containers: list[Container] = []

    def __enter__(self) -> Self:
        for name in self._nodes:
            self._api.create_node(name)
            self._api.report_node(name, lost=False)
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
        self._api.report_node(name, lost=True)

    def bring_back(self, name: str) -> None:
        """The node tells again what it has done meanwhile."""
        self._nodes[name].lost = False
        self._api.report_node(name, lost=False)

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
                for uid, pod in list(self._busy.items()):
                    self._advance(pod)
                    if pod.rests or uid not in self._pods:
                        del self._busy[uid]
        except BaseException as error:
            self._failure = error
            raise

    def _listen(self) -> None:
        """Take in what the API server has told."""
        events = []
        for recorder, position in self._recorders.items():
            found = recorder.since(position)
            self._recorders[recorder] = position + len(found)
            events += found
        for event in events:
            uid = event.object["metadata"]["uid"]
            pod = self._pods.get(uid)
            if pod is None:
                if event.type == "DELETED" or event.object["spec"].get("schedulingGates"):
                    continue
                pod = self._pods[uid] = self._new(event.object)
            pod.raw = event.object
            self._busy[uid] = pod
            if event.type == "DELETED":
                self._orphan(uid, pod)

    def _new(self, raw: Mapping[str, Any]) -> _Pod:
        now = time.monotonic()
        starts = now + self._random.uniform(*_START)
        return _Pod(raw, starts, now, node=raw["spec"].get("nodeName", ""))

    def _place(self, pod: _Pod) -> None:
        """Schedule it: on a node that is not lost, and that suits it."""
        awake = [name for name, state in self._nodes.items() if not state.lost]
        fitting = [name for name in awake if suits(pod.raw, name, self._on(name))]
        if fitting:
            pod.node = self._random.choice(fitting)
        elif not pod.told_unschedulable:
            pod.told_unschedulable = self._api.tell_unschedulable(pod.raw)

    def _on(self, node: str) -> list[Mapping[str, Any]]:
        """The Pods that count there: those that are, and of which no end was told."""
        pods = self._busy.values()
        return [pod.raw for pod in pods if pod.node == node and not (pod.gone or pod.told_end)]

    def _orphan(self, uid: str, pod: _Pod) -> None:
        """Its Pod is gone; a container that still runs is ended by and by."""
        pod.gone = True
        container = pod.container
        if container is None or container.ended is not None:
            del self._pods[uid], self._busy[uid]
            return
        container.pod_went = time.monotonic()
        if not self._nodes[pod.node].lost:
            lives_on = time.monotonic() + self._random.uniform(*_ORPHANED)
            container.ends_at = min(container.ends_at, lives_on)

    def _advance(self, pod: _Pod) -> None:
        now = time.monotonic()
        container = pod.container
        if container is not None and container.ended is None and now >= container.ends_at:
            container.ended = now
        if not pod.node and "deletionTimestamp" in pod.raw["metadata"]:
            self._api.remove(pod.raw)
        elif not pod.node:
            self._place(pod)
        elif self._nodes[pod.node].lost:
            return
        elif pod.gone:
            if container is None or container.ended is not None:
                self._pods.pop(pod.raw["metadata"]["uid"], None)
        elif container is not None:
            self._follow(pod, container, now)
        elif "deletionTimestamp" in pod.raw["metadata"]:
            self._api.remove(pod.raw)
        elif now >= pod.start_at:
            self._start(pod)

    def _follow(self, pod: _Pod, container: Container, now: float) -> None:
        """Tell of a container; stop it if its Pod is to go, and then let the Pod go."""
        deleting = "deletionTimestamp" in pod.raw["metadata"]
        if deleting and container.ended is None and container.complete:
            container.complete = False
            container.ends_at = now + self._random.uniform(*_STOP)
        if not pod.told_running:
            pod.told_running = self._api.tell_running(pod.raw, pod.started_text)
        elif container.ended is not None and not pod.told_end:
            complete = container.complete
            pod.told_end = self._api.tell_end(pod.raw, pod.started_text, complete=complete)
        elif deleting and pod.told_end:
            self._api.remove(pod.raw)

    def _start(self, pod: _Pod) -> None:
        if not pod.bound:
            pod.bound = self._api.bind(pod.raw, pod.node)
            if not pod.bound:
                return
        meta = pod.raw["metadata"]
        owner = meta["ownerReferences"][0]
        now = time.monotonic()
        queue = meta["annotations"]["scanyard.dev/queue"]
        ends_at = now + self._random.uniform(*_SCAN)
        container = Container(meta["name"], meta["uid"], owner["uid"], queue, now, ends_at)
        container.namespace, container.node = meta["namespace"], pod.node
        container.pod_came = pod.seen_at
        container.packets = _max_rate(pod.raw["spec"]["containers"][0].get("args") or [])
        pod.container = container
        pod.started_text = format_time(datetime.now(UTC))
        self.containers.append(pod.container)


def _max_rate(args: list[str]) -> int:
    """What nmap is told."""
    return int(args[args.index("--max-rate") + 1]) if "--max-rate" in args else 0
