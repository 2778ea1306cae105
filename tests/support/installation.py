"""Scanyard as a user installs it: the chart, by Helm, on the test cluster.

Whatever is there already and up to date is used as it is, so that a warm run loses no time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster import settings
from tests.support import release
from tests.support.kube import Cluster

CHART: Final = release.CHART
NAMESPACE: Final = release.NAMESPACE
RELEASE: Final = release.NAME
#: As the API server knows it.
OPERATOR: Final = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"


@dataclass(frozen=True, slots=True)
class Installation:
    """The release `scanyard` in `scanyard-system` and the cluster that it runs on."""

    cluster: Cluster

    def kubectl(self, *arguments: str) -> str:
        """kubectl in the installation's namespace."""
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *arguments)

    def deployment(self) -> dict[str, Any] | None:
        """The operator's Deployment; None when it is not installed."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{RELEASE}"
        reply = self.cluster.request("GET", path)
        return None if reply.code == 404 else reply.expect()

    def operator_log(self, lines: int = 60) -> str:
        """The last lines of each operator, and of its last life if it was restarted."""
        told = []
        for previous in ([], ["--previous"]):
            done = self.cluster.try_kubectl(
                f"--namespace={NAMESPACE}",
                "logs",
                f"--selector=app.kubernetes.io/component=operator,app.kubernetes.io/instance={RELEASE}",
                f"--tail={lines}",
                *previous,
            )
            if done.returncode == 0 and done.stdout:
                told.append(done.stdout)
        return "\n--- the process before it ---\n".join(told) or "(no operator log)"


def ensure_installed() -> Installation:
    """Bring up what is missing of cluster, images and release, and wait until it is ready."""
    chosen = settings.from_environment(os.environ)
    if not chosen.kubeconfig.is_file():
        _cluster_command("up")
        _cluster_command("images")
    installation = Installation(Cluster.connect(chosen.kubeconfig))
    with release.held(chosen) as opened:
        if not is_current(installation, release.made_from()):
            opened.upgrade()
    return installation


def is_current(installation: Installation, source: str) -> bool:
    """Whether all operators are ready, and were installed from that."""
    found = installation.deployment()
    if found is None:
        return False
    notes = found["spec"]["template"]["metadata"].get("annotations") or {}
    status = found.get("status") or {}
    wanted = found["spec"]["replicas"]
    ready = {status.get("readyReplicas"), status.get("updatedReplicas")} == {wanted}
    return ready and notes.get(release.INSTALLED_FROM) == source


def _cluster_command(name: str) -> None:
    _run([sys.executable, "-m", "tests.cluster", name], folder=settings.REPOSITORY)


def _run(arguments: Sequence[str], folder: Path | None = None) -> None:
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=3000, check=False, cwd=folder
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise RuntimeError(f"{' '.join(arguments[:4])} ... failed:\n{said}")
