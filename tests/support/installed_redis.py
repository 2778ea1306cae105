"""The installation's own Redis, reached through kubectl: to look at it and to make it fail."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.cluster import programs, settings
from tests.support.installation import NAMESPACE, RELEASE, Installation
from tests.support.kube import eventually
from tests.support.ledger_audit import LedgerState, read_ledger

INSTALLATION: Final = f"{NAMESPACE}/{RELEASE}"
_NAME: Final = f"{RELEASE}-redis"
_FORWARDING: Final = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


class InstalledRedis:
    """The bundled Redis of the installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cluster = installation.cluster

    @contextmanager
    def client(self) -> Iterator[Redis]:
        """A client that is logged in, through a port-forward."""
        words = [f"--kubeconfig={self._cluster.kubeconfig}", f"--namespace={NAMESPACE}"]
        kubectl = str(programs.tool(settings.from_environment(os.environ), "kubectl"))
        command = [kubectl, *words, "port-forward", f"deployment/{_NAME}", ":6379"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as forward:
            try:
                assert forward.stdout is not None
                found = _FORWARDING.search(forward.stdout.readline())
                assert found, f"{' '.join(command)} did not begin to forward"
                with Redis(
                    port=int(found[1]),
                    password=self.password(),
                    decode_responses=True,
                    retry=Retry(NoBackoff(), 0),
                    protocol=2,
                ) as redis:
                    yield redis
            finally:
                forward.terminate()

    def password(self) -> str:
        """What the set-up has put into the Secret."""
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{_NAME}"
        data = self._cluster.request("GET", path).expect()["data"]
        return base64.b64decode(data["redis-password"]).decode()

    def flush(self) -> None:
        """Lose everything that it holds."""
        with self.client() as redis:
            redis.flushall()

    def restart(self) -> None:
        """Delete its Pod; returns when the next one is ready."""
        before = self._pods()
        for pod in before:
            name = pod["metadata"]["name"]
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"
            self._cluster.request("DELETE", path).expect()
        gone = {pod["metadata"]["uid"] for pod in before}
        eventually(
            lambda: [p for p in self._pods() if p["metadata"]["uid"] not in gone and _ready(p)],
            bool,
            seconds=60,
        )

    def state(self) -> LedgerState:
        """The ledger, once it holds still; AssertionError if it contradicts itself."""
        with self.client() as redis:
            return read_ledger(redis, INSTALLATION)

    def entries_of(self, namespace: str) -> set[str]:
        """The ScanJobs of a namespace that stand in the ledger, waiting, parked or holding."""
        state = self.state()
        jobs = [*(job for _, job in state.waiting), *(job for _, job in state.holding)]
        jobs += [job for _, job, _ in state.parked]
        return {job for job in jobs if job.startswith(f"{namespace}/")}

    def _pods(self) -> list[dict[str, Any]]:
        reply = self._cluster.request(
            "GET",
            f"/api/v1/namespaces/{NAMESPACE}/pods",
            labelSelector="app.kubernetes.io/component=redis",
        )
        items: list[dict[str, Any]] = reply.expect()["items"]
        return items


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
