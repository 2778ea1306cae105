"""The installed operator as a process: its life, its log, its probes and its counters."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.support.installation import NAMESPACE, Installation
from tests.support.kube import eventually

_PODS: Final = f"/api/v1/namespaces/{NAMESPACE}/pods"
_SELECTOR: Final = "app.kubernetes.io/component=operator,app.kubernetes.io/instance=scanyard"
#: The kubelet delays a Pod's second restart within ten minutes by 10 s, its third by 20 s.
_COMES_BACK_SECONDS: Final = 90.0
_WRITES: Final = frozenset({"create", "patch", "delete"})
_REQUESTS: Final = re.compile(
    r'^scanyard_api_requests_total\{code="\d+",resource="(\w+)",verb="(\w+)"\} (\S+)$',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the operator's log."""

    level: str
    message: str


class OperatorProcess:
    """The one operator of the installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cluster = installation.cluster

    def pod(self) -> dict[str, Any]:
        """Its Pod, once there is one that nobody deletes."""
        return eventually(self._pods, lambda pods: len(pods) == 1, seconds=_COMES_BACK_SECONDS)[0]

    def renew(self) -> None:
        """Replace its Pod: the kubelet delays the restarts of an older one the longer the more."""
        name = self.pod()["metadata"]["name"]
        self._cluster.request("DELETE", f"{_PODS}/{name}").expect()
        self.wait_ready()

    def restarts(self) -> int:
        """How often the kubelet has started it again."""
        return sum(item["restartCount"] for item in _statuses(self.pod()))

    def kill(self) -> None:
        """SIGKILL to its process, from the node; returns when a new one has begun.

        Skips the test where the nodes are not containers of this machine's Docker engine.
        """
        pod = self.pod()
        (status,) = _statuses(pod)
        identity = status["containerID"].removeprefix("containerd://")
        node = pod["spec"]["nodeName"]
        if shutil.which("docker") is None:
            pytest.skip("the operator's process cannot be reached without Docker")
        words = ["docker", "exec", node, "ctr", "-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL"]
        done = subprocess.run(
            [*words, identity], capture_output=True, text=True, timeout=60, check=False
        )
        if "No such container" in done.stderr:
            pytest.skip(f"node {node} is not a container here, its processes are out of reach")
        assert done.returncode == 0, done.stderr
        eventually(
            lambda: [item.get("containerID") for item in _statuses(self.pod()) if _runs(item)],
            lambda found: bool(found) and found != [status["containerID"]],
            seconds=_COMES_BACK_SECONDS,
        )

    def readiness(self) -> tuple[int, str]:
        """Code and text of /readyz; code 0 if it cannot be asked."""
        return self._ask("readyz")

    def wait_ready(self) -> None:
        """Wait until it can admit scans and the kubelet knows."""
        eventually(
            self.readiness, lambda answer: answer[0] == 200, seconds=_COMES_BACK_SECONDS, every=0.3
        )

    def wait_unready(self, *words: str) -> str:
        """Wait until /readyz says that it cannot, with all these words; returns what it says."""
        answer: tuple[int, str] = eventually(
            self.readiness,
            lambda answer: answer[0] == 503 and all(word in answer[1] for word in words),
            seconds=30,
            every=0.3,
        )
        return answer[1]

    def log_since(self, start: datetime) -> list[LogLine]:
        """What it has logged since then; lines that are not JSON have no level."""
        since = (start - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = self._installation.kubectl(
            "logs", f"pod/{self.pod()['metadata']['name']}", f"--since-time={since}"
        )
        return [_line(line) for line in text.splitlines()]

    def wait_logged(self, start: datetime, *words: str, seconds: float = 30) -> LogLine:
        """Wait for a line, logged since `start`, with all these words."""
        lines: list[LogLine] = eventually(
            lambda: self.log_since(start),
            lambda lines: any(all(w in line.message for w in words) for line in lines),
            seconds=seconds,
            every=0.5,
        )
        return next(line for line in lines if all(word in line.message for word in words))

    def api_writes(self) -> Counter[str]:
        """Requests that changed something, done or refused, since it began: by verb and kind."""
        _, text = self._ask("metrics")
        writes: Counter[str] = Counter()
        for resource, verb, value in _REQUESTS.findall(text):
            if verb in _WRITES:
                writes[f"{verb} {resource}"] += int(float(value))
        assert writes, "the operator counts no API requests"
        return writes

    def _pods(self) -> list[dict[str, Any]]:
        reply = self._cluster.request("GET", _PODS, labelSelector=_SELECTOR)
        items: list[dict[str, Any]] = reply.expect()["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def _ask(self, path: str) -> tuple[int, str]:
        name = self.pod()["metadata"]["name"]
        answer = self._cluster.pool.request(
            "GET",
            f"{self._cluster.host}{_PODS}/{name}:8080/proxy/{path}",
            headers=self._cluster.headers,
        )
        text = answer.data.decode()
        # The API server's own answer when the Pod does not listen (yet).
        return (0, text) if text.startswith('{"kind":"Status"') else (answer.status, text)


def now() -> datetime:
    """For log_since."""
    return datetime.now(UTC)


def _statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses") or []
    return statuses


def _runs(status: dict[str, Any]) -> bool:
    return "running" in status.get("state", {})


def _line(text: str) -> LogLine:
    try:
        told = json.loads(text)
        message = "\n".join(filter(None, (told["message"], told.get("exc_info"))))
        return LogLine(told["level"], message)
    except (ValueError, KeyError, TypeError):
        return LogLine("", text)
