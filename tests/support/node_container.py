"""A worker node of the test cluster, to be frozen, killed and brought back by the Docker engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.cluster import cluster as test_cluster
from tests.cluster import settings
from tests.support.kube import Cluster, eventually

#: The node controller waits 50 s for a silent kubelet; then the taint and the condition come.
_LOST_SECONDS: Final = 120.0
_BACK_SECONDS: Final = 120.0
#: Of a namespace: where its Pods go (admission plugins PodNodeSelector, PodTolerationRestriction).
_SELECTOR: Final = "scheduler.alpha.kubernetes.io/node-selector"
_TOLERATIONS: Final = "scheduler.alpha.kubernetes.io/defaultTolerations"
_FAULTS: Final = frozenset({"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"})


@dataclass(frozen=True, slots=True)
class NodeContainer:
    """One node, by the name that it and its container share."""

    cluster: Cluster
    name: str

    def pause(self) -> None:
        """Freeze everything in it; nothing of it is told to anybody.

        The kernel's freezer gives up on a busy node whose processes come and go; it is asked again.
        """
        eventually(
            lambda: _ended("pause", self.name).stderr,
            lambda refused: "unable to freeze" not in refused,
            seconds=30,
            every=0.1,
        )
        assert self._state("Paused") == "true"

    def unpause(self) -> None:
        """Let it go on as if no time had passed."""
        _docker("unpause", self.name)
        self.wait_ready()

    def kill(self) -> None:
        """Switch it off."""
        _docker("kill", self.name)

    def start(self) -> None:
        """Switch it on again, and wait until Pods can run there and reach the other nodes."""
        _docker("start", self.name)
        self.wait_ready()
        test_cluster.connect_nodes(settings.from_environment(os.environ))

    def wait_lost(self) -> None:
        """Wait until the control plane says that it does not answer."""
        eventually(self._ready, lambda ready: ready == "Unknown", seconds=_LOST_SECONDS, every=0.5)

    def wait_ready(self) -> None:
        """Wait until its kubelet reports again, and its taints are gone."""
        eventually(
            lambda: (self._ready(), self._faulty()),
            lambda found: found == ("True", False),
            seconds=_BACK_SECONDS,
            every=0.5,
        )

    def is_meant_to_fail(self) -> bool:
        """Whether it has the taint that keeps everything else away."""
        taints = self._object()["spec"].get("taints") or ()
        return any(taint["key"] == settings.FAILING_NODE_TAINT for taint in taints)

    def restore(self) -> None:
        """Whatever became of it: bring it back."""
        if self._state("Paused") == "true":
            self.unpause()
        if self._state("Running") != "true":
            self.start()
        self.wait_ready()

    def _object(self) -> dict[str, Any]:
        return self.cluster.request("GET", f"/api/v1/nodes/{self.name}").expect()

    def _ready(self) -> str:
        conditions = self._object()["status"]["conditions"]
        return next(str(item["status"]) for item in conditions if item["type"] == "Ready")

    def _faulty(self) -> bool:
        taints = self._object()["spec"].get("taints") or ()
        return bool(_FAULTS & {taint["key"] for taint in taints})

    def _state(self, field: str) -> str:
        return _docker("inspect", "--format", f"{{{{.State.{field}}}}}", self.name).strip()


@contextmanager
def failing_node(cluster: Cluster) -> Iterator[NodeContainer]:
    """A worker on which nothing runs but what `sent_to` sends there; whole again at the end.

    Skips the test where there is none.
    """
    chosen = settings.from_environment(os.environ)
    if chosen.existing_kubeconfig is not None:
        pytest.skip("the nodes of an existing cluster are not ours to break")
    workers = [NodeContainer(cluster, name) for name in test_cluster.nodes(chosen)[1:]]
    if not workers or not workers[0].is_meant_to_fail():
        pytest.skip("needs a worker that may fail: make clean-cluster, then make cluster")
    try:
        yield workers[0]
    finally:
        workers[0].restore()


def sent_to(node: NodeContainer) -> dict[str, str]:
    """Annotations of a namespace all of whose Pods go to that node."""
    toleration = {"key": settings.FAILING_NODE_TAINT, "operator": "Exists"}
    return {
        _SELECTOR: f"kubernetes.io/hostname={node.name}",
        _TOLERATIONS: json.dumps([toleration]),
    }


def sent_anywhere(cluster: Cluster, namespace: str) -> None:
    """Take these annotations away: Pods to come go to the other node."""
    notes = [f"{key}-" for key in (_SELECTOR, _TOLERATIONS)]
    cluster.kubectl("annotate", f"namespace/{namespace}", *notes)


def _docker(*arguments: str) -> str:
    done = _ended(*arguments)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A docker command that has ended, well or not."""
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
