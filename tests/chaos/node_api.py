"""What nodes and the scheduler write to the API server, which may be away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import urllib3

from scanyard.lifecycle.timestamps import format_time
from tests.support.kube import MERGE_PATCH, Cluster, Reply
from tests.support.objects import report, terminated

_NODES: Final = "/api/v1/nodes"

RawPod = Mapping[str, Any]


class NodeApi:
    """Each call says whether the API server has taken it, or never will; else it is made again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def create_node(self, name: str) -> None:
        """A node with nothing but a name."""
        self._cluster.request("POST", _NODES, {"metadata": {"name": name}})

    def report_node(self, name: str, *, lost: bool) -> None:
        """As the node controller tells of it."""
        ready = "Unknown" if lost else "True"
        body = {"status": {"conditions": [{"type": "Ready", "status": ready}]}}
        self._patch(f"{_NODES}/{name}/status", body)

    def bind(self, pod: RawPod, node: str) -> bool:
        """Give a Pod its node."""
        if pod["spec"].get("nodeName"):
            return True
        meta = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
        path = f"{_path(pod)}/binding"
        reply = self._ask(lambda: self._cluster.request("POST", path, body))
        return reply is not None and reply.ok

    def tell_unschedulable(self, pod: RawPod) -> bool:
        """No node suits it now."""
        told = "0/2 nodes are available: they are lost, or do not suit it."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        return self._tell(pod, {"conditions": [condition | {"message": told}]})

    def tell_running(self, pod: RawPod, since: str) -> bool:
        """Its scanner runs."""
        return self._tell_state(pod, since, {"running": {"startedAt": since}}, "Running")

    def tell_end(self, pod: RawPod, since: str, *, complete: bool) -> bool:
        """Its scanner has come to its own end, or was stopped."""
        state = terminated(
            report(complete=complete),
            exit_code=0 if complete else 143,
            startedAt=since,
            finishedAt=format_time(datetime.now(UTC)),
        )
        return self._tell_state(pod, since, state, "Succeeded" if complete else "Failed")

    def remove(self, pod: RawPod) -> None:
        """The last word on a Pod that is being deleted."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        self._ask(lambda: self._cluster.request("DELETE", _path(pod), options))

    def _tell_state(self, pod: RawPod, since: str, state: Mapping[str, Any], phase: str) -> bool:
        container = {
            "name": "scanner",
            "image": "scanner",
            "imageID": "",
            "ready": "running" in state,
            "restartCount": 0,
            "state": state,
        }
        told = {"phase": phase, "startTime": since, "podIP": "198.18.0.9"}
        return self._tell(pod, told | {"containerStatuses": [container]})

    def _tell(self, pod: RawPod, status: Mapping[str, Any]) -> bool:
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        reply = self._patch(f"{_path(pod)}/status", body)
        return reply is not None and (reply.ok or reply.code in {404, 409, 422})

    def _patch(self, path: str, body: Mapping[str, Any]) -> Reply | None:
        request = self._cluster.request
        return self._ask(lambda: request("PATCH", path, body, content_type=MERGE_PATCH))

    @staticmethod
    def _ask(request: Callable[[], Reply]) -> Reply | None:
        """The answer, or None while the API server is away."""
        try:
            return request()
        except (urllib3.exceptions.HTTPError, ValueError):
            return None


def _path(pod: RawPod) -> str:
    meta = pod["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
