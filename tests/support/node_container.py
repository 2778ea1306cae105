"""A worker node of the test cluster, to be frozen, killed and brought back by the Docker engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.cluster import cluster as test_cluster
from tests.cluster import settings
from tests.support.kube import Cluster, eventually

#: The node controller waits 50 s for a silent kubelet; then the taint and the condition come.
_LOST_SECONDS: Final = 120.0
_BACK_SECONDS: Final = 120.0
_FAULTS: Final = frozenset({"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"})


@dataclass(frozen=True, slots=True)
class NodeContainer:
    """One node, by the name that it and its container share."""

    cluster: Cluster
    name: str

    def pause(self) -> None:
        """Freeze everything in it; nothing of it is told to anybody."""
        _docker("pause", self.name)

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

    def restore(self) -> None:
        """Whatever became of it: bring it back."""
        if self._state("Paused") == "true":
            self.unpause()
        if self._state("Running") != "true":
            self.start()
        self.wait_ready()

    def cordon(self) -> None:
        """Let it take no new Pods."""
        self.cluster.kubectl("cordon", self.name)

    def uncordon(self) -> None:
        """Let it take new Pods."""
        self.cluster.kubectl("uncordon", self.name)

    def drain(self) -> None:
        """Move all that runs there to other nodes; it stays cordoned."""
        self.cluster.kubectl(
            *("drain", self.name, "--ignore-daemonsets", "--delete-emptydir-data", "--force"),
            "--timeout=100s",
        )

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


@dataclass(frozen=True, slots=True)
class TwoNodes:
    """The control plane's node, and a worker that may fail."""

    control_plane: NodeContainer
    worker: NodeContainer

    @contextmanager
    def only_on_the_worker(self) -> Iterator[None]:
        """New Pods go to the worker meanwhile; before and after, to the control plane only."""
        self.control_plane.cordon()
        self.worker.uncordon()
        try:
            yield
        finally:
            self.worker.cordon()
            self.control_plane.uncordon()


@contextmanager
def worker_without_us(cluster: Cluster) -> Iterator[TwoNodes]:
    """Two nodes, with everything but scans to come on the control plane's; as before at the end.

    Skips the test where there are none, or where they are not containers of this machine.
    """
    chosen = settings.from_environment(os.environ)
    if chosen.existing_kubeconfig is not None:
        pytest.skip("the nodes of an existing cluster are not ours to break")
    names = test_cluster.nodes(chosen)
    if len(names) < 2:
        pytest.skip("needs two nodes: make clean-cluster, then make test")
    nodes = TwoNodes(*(NodeContainer(cluster, name) for name in names[:2]))
    with ExitStack() as undo:
        undo.callback(nodes.worker.uncordon)
        undo.callback(nodes.worker.restore)
        undo.callback(nodes.control_plane.uncordon)
        nodes.worker.drain()
        yield nodes


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout
