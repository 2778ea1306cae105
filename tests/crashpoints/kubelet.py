"""A node without a node: Pods are bound, run, stopped and removed when the test says so."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scanyard.lifecycle.timestamps import format_time
from tests.support.kube import MERGE_PATCH, Cluster
from tests.support.objects import report, terminated
from tests.support.scans import Lab, scanner_end, scanner_state

_NODE: Final = "node-1"
#: Long enough for a second scan to be seen beside it, if the operator were wrong.
_SCAN_SECONDS: Final = 0.1


def make_node(cluster: Cluster) -> None:
    """The node of all tests, and that it is Ready."""
    cluster.request("POST", "/api/v1/nodes", {"metadata": {"name": _NODE}}).expect()
    status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    path = f"/api/v1/nodes/{_NODE}/status"
    cluster.request("PATCH", path, status, content_type=MERGE_PATCH).expect()


class Kubelet:
    """Plays the node of one test; each call does what is due now and returns."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._path = f"/api/v1/namespaces/{lab.name}/pods"
        self._began: dict[str, float] = {}
        #: ScanJobs whose Pods find no node, and such whose scans never end by themselves.
        self.unscheduled: frozenset[str] = frozenset()
        self.endless: frozenset[str] = frozenset()

    def run(self, scan: str) -> None:
        """Let the ScanJob's Pod run."""
        for pod in self._of(scan):
            self._run(pod)

    def finish(self, scan: str) -> None:
        """Let its scan come to its end."""
        for pod in self._of(scan):
            self._stop(pod, complete=True)

    def stop(self, scan: str) -> None:
        """Stop its scan, as for a deletion; the Pod is removed later, in `work`."""
        for pod in self._of(scan):
            self._stop(pod, complete=False)

    def vanish(self, scan: str) -> None:
        """Take its Pod away without a word of how its scan ended, as a deletion by force does."""
        for pod in self._of(scan):
            self._remove(pod)

    def work(self) -> None:
        """One round over all Pods: each comes a step further."""
        for pod in self._lab.list_pods():
            self._advance(pod)

    def live(self) -> list[str]:
        """Pods in which a scan runs or may still run."""
        return [
            pod["metadata"]["name"]
            for pod in self._lab.list_pods()
            if scanner_end(pod) is None and not pod["spec"].get("schedulingGates")
        ]

    def _advance(self, pod: dict[str, Any]) -> None:
        deleting = "deletionTimestamp" in pod["metadata"]
        if scanner_end(pod) is not None:
            if deleting and self._was_read(pod):
                self._remove(pod)
        elif not pod["spec"].get("nodeName"):
            if not pod["spec"].get("schedulingGates") and _scan(pod) not in self.unscheduled:
                self._run(pod)
        elif deleting:
            self._stop(pod, complete=False)
        elif self._has_run(pod) and _scan(pod) not in self.endless:
            self._stop(pod, complete=True)

    def _was_read(self, pod: dict[str, Any]) -> bool:
        """Whether the operator has told of the scan's end.

        One that takes over at this very moment may not see a Pod that goes at once; it holds the
        slot for the grace period then, which is right and takes too long here.
        """
        newest = self._lab.scanjobs.events(_scan(pod))[-1]
        attempts = (newest.object.get("status") or {}).get("attempts") or []
        name = pod["metadata"]["name"]
        mine = [each for each in attempts if each.get("podName") == name]
        if newest.type == "DELETED":
            return name not in self._told()
        return all("endedAt" in each for each in mine)

    def _told(self) -> list[str]:
        """Pods without a ScanJob whose end the operator has not read yet."""
        queues = self._lab.cluster.request("GET", self._lab.namespace.path("scanqueues")).expect()
        statuses = [queue.get("status") or {} for queue in queues["items"]]
        return [slot["podName"] for each in statuses for slot in each.get("heldSlots") or ()]

    def _has_run(self, pod: dict[str, Any]) -> bool:
        began = self._began.get(pod["metadata"]["uid"], 0.0)
        return time.monotonic() - began >= _SCAN_SECONDS

    def _run(self, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        target = {"apiVersion": "v1", "kind": "Node", "name": _NODE}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}}
        path = f"{self._path}/{name}/binding"
        self._lab.cluster.request("POST", path, binding | {"target": target}).expect()
        started = _soon()
        status = {"phase": "Running", "startTime": started, "podIP": "198.18.0.9"}
        self._write(pod, {"running": {"startedAt": started}}, status)
        self._began[pod["metadata"]["uid"]] = time.monotonic()

    def _stop(self, pod: dict[str, Any], *, complete: bool) -> None:
        started = scanner_state(pod)["running"]["startedAt"]
        state = terminated(
            report(complete=complete),
            exit_code=0 if complete else 143,
            startedAt=started,
            finishedAt=started,
        )
        self._write(pod, state, {"phase": "Succeeded" if complete else "Failed"})

    def _write(self, pod: dict[str, Any], state: dict[str, Any], status: dict[str, Any]) -> None:
        container = {
            "name": "scanner",
            "image": "scanner",
            "imageID": "",
            "ready": "running" in state,
            "restartCount": 0,
            "state": state,
        }
        body = {"status": status | {"containerStatuses": [container]}}
        path = f"{self._path}/{pod['metadata']['name']}/status"
        self._lab.cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()

    def _remove(self, pod: dict[str, Any]) -> None:
        """What a kubelet does with a deleted Pod whose containers have stopped."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        self._lab.cluster.request("DELETE", f"{self._path}/{pod['metadata']['name']}", options)

    def _of(self, scan: str) -> list[dict[str, Any]]:
        """Its Pods that run or may run."""
        pods = self._lab.list_pods()
        return [pod for pod in pods if _scan(pod) == scan and scanner_end(pod) is None]


def _scan(pod: dict[str, Any]) -> str:
    """The ScanJob's name, out of <name>-<8 hex>-<attempt>."""
    return str(pod["metadata"]["name"]).rsplit("-", 2)[0]


def _soon() -> str:
    """A little later: the operator shows a scan as running once it has run for 2 s.

    When that would be in a scenario depends on how busy the machine is.
    """
    return format_time(datetime.now(UTC) + timedelta(seconds=10))
