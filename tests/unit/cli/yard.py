"""ScanQueues, ScanJobs and Pods that a fake API server lists, changes and deletes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.support.objects import raw_pod, raw_queue
from tests.unit.cli.conftest import Answer, Request, status

Json = dict[str, Any]
RUNNING: Json = {"running": {"startedAt": "2026-03-01T11:59:00Z"}}


class Yard:
    """Answers requests; a deleted Pod ends before the next list of Pods.

    `forbidden` holds the (method, plural) that the caller lacks the right for; `refused` the
    names of queues that cannot be changed; `stuck` the names of Pods that do not end.
    `before_pods` is called at each list of Pods with how many there were before.
    """

    def __init__(self) -> None:
        self.objects: dict[str, list[Json]] = {"scanqueues": [], "scanjobs": [], "pods": []}
        self.forbidden: set[tuple[str, str]] = set()
        self.refused: set[str] = set()
        self.stuck: set[str] = set()
        self.before_pods: Callable[[int], None] = lambda _: None
        self._lists = 0
        self._lock = threading.Lock()

    def queue(self, namespace: str, name: str, *, confirms: bool = True, **spec: Any) -> Json:
        """Add a queue whose operator is there, or not, to confirm a stop."""
        raw = raw_queue(**spec)
        raw["metadata"] |= {"namespace": namespace, "name": name, "uid": f"{namespace}/{name}"}
        held = {"type": "Held", "status": "True", "reason": "EmergencyStop"}
        raw["status"] = {"conditions": [held] if confirms else []}
        self.objects["scanqueues"].append(raw)
        return raw

    def pod(self, namespace: str, name: str, *, node: str = "node-1", **status: Any) -> Json:
        """Add a running attempt Pod."""
        raw = raw_pod(state=RUNNING, node=node, **status)
        raw["metadata"] |= {"namespace": namespace, "name": name, "uid": f"uid-of-{name}"}
        raw["metadata"]["annotations"] = {
            "scanyard.dev/scanjob": f"{namespace}/web",
            "scanyard.dev/queue": f"{namespace}/default",
        }
        self.objects["pods"].append(raw)
        return raw

    def notes(self, namespace: str, name: str) -> dict[str, str]:
        """A queue's annotations."""
        return dict(self._find("scanqueues", namespace, name)["metadata"]["annotations"])

    def respond(self, request: Request) -> Answer:
        with self._lock:
            if request.path == "/version/":
                return Answer(200, {"gitVersion": "v1.35.0"})
            namespace, plural, name = _parse(request.path)
            asked = {(request.method, plural), (request.method, f"{plural} everywhere")}
            if namespace:
                asked = {(request.method, plural)}
            if asked & self.forbidden:
                verb = {"GET": "list", "PATCH": "patch", "DELETE": "delete"}[request.method]
                return status(403, f'{plural} is forbidden: User "x" cannot {verb} resource')
            if request.method == "GET" and name:
                return Answer(200, self._find(plural, namespace, name))
            if request.method == "GET":
                return self._list(plural, namespace, parse_qs(request.query))
            if request.method == "PATCH":
                return self._patch(self._find(plural, namespace, name), request.body)
            return self._delete(self._find(plural, namespace, name), request.body)

    def _list(self, plural: str, namespace: str, query: dict[str, list[str]]) -> Answer:
        if plural == "pods":
            self._end_deleted()
            self.before_pods(self._lists)
            self._lists += 1
        found = [
            item
            for item in self.objects[plural]
            if namespace in {"", item["metadata"]["namespace"]}
        ]
        # One object a page: whoever forgets to ask on misses something.
        first = int(query.get("continue", ["0"])[0])
        more = str(first + 1) if first + 1 < len(found) else ""
        return Answer(200, {"items": found[first : first + 1], "metadata": {"continue": more}})

    def _end_deleted(self) -> None:
        self.objects["pods"] = [
            pod
            for pod in self.objects["pods"]
            if "deletionTimestamp" not in pod["metadata"] or pod["metadata"]["name"] in self.stuck
        ]

    def _patch(self, queue: Json, body: Json) -> Answer:
        meta = queue["metadata"]
        if meta["name"] in self.refused:
            return status(422, "admission webhook says no")
        if (
            body["metadata"].get("resourceVersion", meta["resourceVersion"])
            != (meta["resourceVersion"])
        ):
            return status(409, "the object has been modified")
        notes = meta["annotations"] | body["metadata"]["annotations"]
        meta["annotations"] = {key: value for key, value in notes.items() if value is not None}
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)
        return Answer(200, queue)

    def _delete(self, pod: Json, body: Json) -> Answer:
        if body["preconditions"]["uid"] != pod["metadata"]["uid"]:
            return status(409, "the uid in the precondition is another")
        assert "gracePeriodSeconds" not in body
        pod["metadata"]["deletionTimestamp"] = "2026-03-01T12:01:00Z"
        return Answer(200, pod)

    def _find(self, plural: str, namespace: str, name: str) -> Json:
        wanted = {"namespace": namespace, "name": name}
        return next(i for i in self.objects[plural] if wanted.items() <= i["metadata"].items())


def _parse(path: str) -> tuple[str, str, str]:
    """Namespace, plural and name of a path; empty where it has none."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if parts[0] == "namespaces":
        namespace, parts = parts[1], parts[2:]
    return namespace, parts[0], parts[1] if len(parts) > 1 else ""
