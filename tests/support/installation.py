"""Scanyard as a user installs it: the chart, by Helm, on the test cluster.

Whatever is there already and up to date is used as it is, so that a warm run loses no time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster import fingerprint, lock, programs, settings
from tests.cluster.errors import ClusterError
from tests.support.kube import Cluster

CHART: Final = settings.REPOSITORY / "charts" / "scanyard"
NAMESPACE: Final = "scanyard-system"
RELEASE: Final = "scanyard"
IMAGES: Final = ("operator", "scanner", "redis", "targets")
#: On the operator's Pod: what it was installed from. A new image under an old tag restarts it.
_INSTALLED_FROM: Final = "scanyard.dev/installed-from"
_VALUES: Final = {
    "image.tag": "dev",
    "scanner.image.tag": "dev",
    "redis.image.tag": "dev",
}


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
        """The last lines of the operator, and of its last life if it was restarted."""
        told = []
        for previous in ([], ["--previous"]):
            done = self.cluster.try_kubectl(
                f"--namespace={NAMESPACE}",
                "logs",
                f"deployment/{RELEASE}",
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
    source = fingerprint.of(CHART, json.dumps(_VALUES), *(_image_id(name) for name in IMAGES))
    with lock.held(chosen, "release"):
        if not _is_current(installation, source):
            _install(chosen, source)
    return installation


def _is_current(installation: Installation, source: str) -> bool:
    found = installation.deployment()
    if found is None:
        return False
    notes = found["spec"]["template"]["metadata"].get("annotations") or {}
    status = found.get("status") or {}
    ready = status.get("readyReplicas") == 1 and status.get("updatedReplicas") == 1
    return ready and notes.get(_INSTALLED_FROM) == source


def _install(chosen: settings.Settings, source: str) -> None:
    try:
        helm = programs.tool(chosen, "helm")
    except ClusterError as error:
        raise RuntimeError(f"no helm to install the chart with: {error}") from error
    note = _INSTALLED_FROM.replace(".", r"\.")
    pairs = _VALUES | {f"podAnnotations.{note}": source}
    _run(
        [
            str(helm),
            "upgrade",
            "--install",
            RELEASE,
            str(CHART),
            f"--kubeconfig={chosen.kubeconfig}",
            f"--namespace={NAMESPACE}",
            "--create-namespace",
            # Tests of the API apply the CRDs without Helm.
            "--take-ownership",
            "--force-conflicts",
            "--wait",
            "--timeout=4m",
            *(f"--set-string={name}={value}" for name, value in pairs.items()),
        ]
    )


def _image_id(name: str) -> str:
    """What Docker knows by our tag; empty where the images came another way."""
    arguments = ["docker", "image", "inspect", "--format={{.Id}}", f"scanyard/{name}:dev"]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cluster_command(name: str) -> None:
    _run([sys.executable, "-m", "tests.cluster", name], folder=settings.REPOSITORY)


def _run(arguments: Sequence[str], folder: Path | None = None) -> None:
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=3000, check=False, cwd=folder
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise RuntimeError(f"{' '.join(arguments[:4])} ... failed:\n{said}")
