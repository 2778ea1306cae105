"""The emergency stop's steps: hold the queues, end the scans, see the last of them stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from scanyard.api.names import ANNOTATION_STOP
from scanyard.cli.cluster import MissingRightError
from scanyard.cli.objects import Json, Objects, PodsOfQueues, notes_of
from scanyard.cli.output import Waits, print_error, print_line, print_warning
from scanyard.controller.mirror import key_of
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import scan_stopped
from scanyard.lifecycle.timestamps import format_time

Item = TypeVar("Item")
Result = TypeVar("Result")

#: An operator that had not heard of the stop may still create a Pod: so long no scan must have
#: been seen, after the operator has told that it knows, or without its word.
_QUIET_SECONDS: Final = 2.0
_UNCONFIRMED_QUIET_SECONDS: Final = 12.0
_LOOK_SECONDS: Final = 1.0
_PARALLEL: Final = 8


@dataclass(slots=True)
class EmergencyStop:
    """One run of it; `clock`, `sleep` and `now` are those of the machine, except in tests."""

    objects: Objects
    manager: str
    timeout_seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _live: dict[str, PodState] = field(default_factory=dict)
    _ended: int = 0
    _last_end: datetime | None = None
    _unconfirmed: bool = False
    _seen: PodsOfQueues = field(default_factory=lambda: PodsOfQueues(()))

    def run(self) -> int:
        """Exit code: 0 when nothing runs any more, else 1. Raises MissingRightError."""
        deadline = self.clock() + self.timeout_seconds
        problems = self._hold()
        quiet_since: float | None = None
        waits = Waits()
        while True:
            self._look()
            self._end_live()
            if self._live:
                quiet_since, text = None, f"{_scans(len(self._live))} still running"
                if self.clock() >= deadline:
                    break
            else:
                quiet_since = quiet_since or self.clock()
                text = "none runs any more; making sure that no other begins"
                if self._is_over(self.clock() - quiet_since):
                    break
            with waits.told(text):
                self.sleep(_LOOK_SECONDS)
        return self._conclude(problems)

    def _hold(self) -> list[str]:
        """Annotate first: what the operator then sees deleted it knows to be the stop's."""
        queues = self.objects.queues()
        if not queues:
            print_warning("there is no ScanQueue here; one that is created now is not held")
        since = format_time(self.now())

        def hold(queue: Json) -> str:
            if ANNOTATION_STOP in notes_of(queue):
                print_line(f"{key_of(queue)}: is held already")
                return ""
            try:
                self.objects.annotate_queue(queue, {ANNOTATION_STOP: since}, manager=self.manager)
            except KubeNotFoundError:
                return ""  # deleted in between
            except MissingRightError:
                raise
            except KubeRefusedError as error:
                return f"{key_of(queue)} could not be held: {error.message}"
            print_line(f"{key_of(queue)}: held")
            return ""

        return [problem for problem in in_parallel(hold, queues) if problem]

    def _look(self) -> None:
        """Compare what runs now with what ran before."""
        self._seen = self.objects.pods_of_queues()
        pods = {pod.uid: pod for pod in self._seen.pods}
        for uid, before in list(self._live.items()):
            pod = pods.get(uid)
            if pod is None or scan_stopped(pod):
                del self._live[uid]
                self._stopped(pod or before, gone=pod is None)
        self._live.update({uid: pod for uid, pod in pods.items() if not scan_stopped(pod)})

    def _stopped(self, pod: PodState, *, gone: bool) -> None:
        # A kubelet lets a deleted Pod go only after its containers have ended.
        known = pod.termination.finished_at if pod.termination is not None else None
        at = known or self.now()
        self._ended += 1
        self._last_end = max(at, self._last_end or at)
        if gone and pod.failed_by_control_plane:
            self._unconfirmed = True
            print_warning(
                f"Pod {_name(pod)} went with its node {pod.node_name}: nobody can tell whether its "
                "scan still runs there; cut that node off the network"
            )
            return
        print_line(f"Pod {_name(pod)}: stopped at {format_time(at)}")

    def _end_live(self) -> None:
        def end(pod: PodState) -> None:
            try:
                self.objects.delete_pod(pod)
            except (KubeNotFoundError, KubeConflictError):
                return  # gone by itself

        in_parallel(end, [pod for pod in self._live.values() if not pod.deleting])

    def _is_over(self, quiet_seconds: float) -> bool:
        if quiet_seconds < _QUIET_SECONDS:
            return False
        return quiet_seconds >= _UNCONFIRMED_QUIET_SECONDS or self._is_confirmed()

    def _is_confirmed(self) -> bool:
        return all(
            _says_held(queue)
            for queue in self.objects.queues()
            if ANNOTATION_STOP in notes_of(queue)
        )

    def _conclude(self, problems: list[str]) -> int:
        for problem in problems:
            print_error(problem)
        for pod in self._live.values():
            node = f" on node {pod.node_name}" if pod.node_name else ""
            print_error(
                f"Pod {_name(pod)}{node} still runs after {self.timeout_seconds:.0f} s; is that "
                "node lost? then cut it off the network, or run this again to wait longer"
            )
        foreign = told_foreign(self._seen)
        if self._live:
            return 1
        if not self._is_confirmed():
            print_warning(
                "the operator has not confirmed the stop (is it running?); should it start a scan "
                "before it hears of the stop, it ends that scan itself"
            )
        if self._last_end is None:
            print_line("No scan was running.")
        else:
            print_line(
                f"No scan runs any more: the last of {self._ended} stopped at "
                f"{format_time(self._last_end)}."
            )
        print_line("`scanyard stop --lift` lets them run again.")
        return 1 if problems or self._unconfirmed or foreign else 0


def told_foreign(seen: PodsOfQueues) -> int:
    """Tell what a stop of one namespace's queues leaves alone; how many scans that is."""
    running = [pod for pod in seen.foreign if not scan_stopped(pod)]
    for pod in running:
        namespace = pod.queue.partition("/")[0]
        print_warning(
            f"Pod {_name(pod)} runs on: queue {pod.queue} admitted it; `scanyard stop --all "
            f"--namespace {namespace}` stops that"
        )
    if not seen.all_seen:
        print_warning(
            "you may not list the Pods of all namespaces: scans that these queues admitted in "
            "others are ended by the operator alone"
        )
    return len(running)


def in_parallel(action: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do it to all, some at the same time; the first error is raised after all were tried."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [future.result() for future in [pool.submit(action, item) for item in items]]


def _says_held(queue: Json) -> bool:
    conditions = (queue.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Held" and c.get("reason") == "EmergencyStop" for c in conditions)


def _name(pod: PodState) -> str:
    return f"{pod.namespace}/{pod.name}"


def _scans(count: int) -> str:
    return f"{count} scan" + ("" if count == 1 else "s")
