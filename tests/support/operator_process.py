"""The installed operator as a process: its life, its log, its probes and its counters."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.support.installation import NAMESPACE, Installation
from tests.support.kube import eventually

_PODS: Final = f"/api/v1/namespaces/{NAMESPACE}/pods"
_SELECTOR: Final = "app.kubernetes.io/component=operator,app.kubernetes.io/instance=scanyard"
_LEASE: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/scanyard"
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


@dataclass(frozen=True, slots=True)
class Leader:
    """One process's leadership: its Lease's holder, the Pod it lives in, its fence, its time."""

    identity: str
    pod: str
    fence: int
    lease_seconds: int


@dataclass(frozen=True, slots=True)
class _Container:
    """The container of an operator, as its node knows it."""

    node: str
    identity: str

    def on_node(self, *words: str) -> str:
        """Run a command on its node; what it printed.

        Skips the test where the nodes are not containers of this machine's Docker engine.
        """
        if shutil.which("docker") is None:
            pytest.skip("the operator's process cannot be reached without Docker")
        done = subprocess.run(
            ["docker", "exec", self.node, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "No such container" in done.stderr:
            pytest.skip(f"node {self.node} is not a container here, its processes are out of reach")
        assert done.returncode == 0, done.stderr
        return done.stdout


class OperatorProcess:
    """The operator that leads, among all replicas of the installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cluster = installation.cluster

    def leader(self) -> Leader:
        """Who holds the Lease, as soon as that is a replica that is there."""
        return self._wait_leader(lambda _: True)

    def wait_other(self, than: Leader) -> Leader:
        """Wait until another process leads, be it in the same Pod."""
        return self._wait_leader(lambda leader: leader.identity != than.identity)

    def renew(self) -> None:
        """Replace all Pods: the kubelet delays the restarts of an older one the longer the more."""
        for pod in self._pods():
            self._cluster.request("DELETE", f"{_PODS}/{pod['metadata']['name']}").expect()
        self.wait_ready()

    def stop_leader(self) -> Leader:
        """Delete the leader's Pod, as a drained node does; the one that led."""
        leader = self.leader()
        self._cluster.request("DELETE", f"{_PODS}/{leader.pod}").expect()
        return leader

    def ends(self) -> int:
        """How often one of their processes has ended, as far as the kubelet has told."""
        return sum(_ends(item) for pod in self._pods() for item in _statuses(pod))

    def wait_ends(self, count: int) -> None:
        """Wait until the kubelet has told of so many; it may start the process again much later."""
        eventually(self.ends, lambda ends: ends >= count, seconds=30, every=0.3)

    def kill(self) -> Leader:
        """SIGKILL to the leader, from its node; returns the next leader."""
        leader = self.leader()
        self.signal(leader, "SIGKILL")
        return self.wait_other(leader)

    def signal(self, leader: Leader, name: str) -> None:
        """Send a signal to its process, from its node."""
        container = self._container(leader)
        container.on_node("ctr", "-n", "k8s.io", "tasks", "kill", "-s", name, container.identity)

    def in_network(self, leader: Leader, *words: str) -> str:
        """Run a command of its node in the leader's network; what it printed."""
        container = self._container(leader)
        tasks = container.on_node("ctr", "-n", "k8s.io", "tasks", "list")
        rows = [row.split() for row in tasks.splitlines()]
        (process,) = (row[1] for row in rows if row[0] == container.identity)
        return container.on_node("nsenter", f"--target={process}", "--net", *words)

    def _container(self, leader: Leader) -> _Container:
        pod = self._cluster.request("GET", f"{_PODS}/{leader.pod}").expect()
        (status,) = _statuses(pod)
        identity = status["containerID"].removeprefix("containerd://")
        return _Container(pod["spec"]["nodeName"], identity)

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
            "logs", f"pod/{self.leader().pod}", f"--since-time={since}"
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

    def _wait_leader(self, accept: Callable[[Leader], bool]) -> Leader:
        found = eventually(
            self._leader,
            lambda leader: leader is not None and accept(leader),
            seconds=_COMES_BACK_SECONDS,
            every=0.1,
        )
        assert found is not None
        return found

    def _leader(self) -> Leader | None:
        spec = self._cluster.request("GET", _LEASE).expect()["spec"]
        identity = spec.get("holderIdentity") or ""
        pod = identity.partition("_")[0]
        if pod not in {item["metadata"]["name"] for item in self._pods()}:
            return None
        return Leader(identity, pod, spec["leaseTransitions"], spec["leaseDurationSeconds"])

    def _pods(self) -> list[dict[str, Any]]:
        reply = self._cluster.request("GET", _PODS, labelSelector=_SELECTOR)
        items: list[dict[str, Any]] = reply.expect()["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def _ask(self, path: str) -> tuple[int, str]:
        name = self.leader().pod
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


def _ends(status: dict[str, Any]) -> int:
    """Of one container: those before its last start, and the one that no start has followed."""
    waits = "waiting" in status["state"] and "terminated" in status.get("lastState", {})
    return int(status["restartCount"]) + int(waits or "terminated" in status["state"])


def _line(text: str) -> LogLine:
    try:
        told = json.loads(text)
        message = "\n".join(filter(None, (told["message"], told.get("error", {}).get("stack"))))
        return LogLine(told["level"], message)
    except (ValueError, KeyError, TypeError):
        return LogLine("", text)
