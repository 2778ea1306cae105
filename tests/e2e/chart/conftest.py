"""A second release of the chart in a namespace that enforces Pod Security "restricted".

Its operator never runs: it asks for more CPU than any node has, so it is admitted and waits for
a node, and the operator of the session's own installation stays the only one.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cluster import programs, settings
from tests.support.installation import CHART, Installation, is_current
from tests.support.kube import Cluster, temporary_namespace
from tests.support.release import Release as SessionRelease
from tests.support.release import held, made_from

NAME: Final = "trial-scanyard"
_VALUES: Final = {
    "image": {"tag": "dev"},
    "redis": {"image": {"tag": "dev"}},
    "resources": {"requests": {"cpu": "1000"}},
    "crds": {"enabled": False},  # they are the session's installation's
}


@dataclass(frozen=True, slots=True)
class Release:
    """The release `trial` in its namespace."""

    cluster: Cluster
    namespace: str
    helm: Path

    def install(self, **values: Any) -> str:
        """Install or upgrade; returns what Helm printed, the Jobs' output included."""
        return self.run(
            "upgrade", "--install", "trial", str(CHART), "--timeout=3m", "--values=-",
            stdin=json.dumps({**_VALUES, **values}),
        )  # fmt: skip

    def run(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [
                str(self.helm),
                f"--kubeconfig={self.cluster.kubeconfig}",
                f"--namespace={self.namespace}",
                *arguments,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def test(self) -> str:
        """`helm test`, with the Pod's log; it must succeed."""
        return self.run("test", "trial", "--logs")

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments)

    def names(self, kinds: str) -> set[str]:
        """What there is of these kinds, as "kind/name"."""
        return set(self.kubectl("get", kinds, "--output=name").split())

    def secret(self) -> dict[str, Any]:
        """The Redis password's Secret, whole."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets/{NAME}-redis"
        return self.cluster.request("GET", path).expect()


@pytest.fixture
def installed(installation: Installation) -> Iterator[SessionRelease]:
    """The session's own release, to be taken away and replaced; it is back at the end."""
    with held(settings.from_environment(os.environ)) as opened:
        try:
            yield opened
        finally:
            if not is_current(installation, made_from()):
                opened.upgrade()


@pytest.fixture(scope="module")
def release(cluster: Cluster) -> Iterator[Release]:
    """The release, installed; uninstalled at the end."""
    helm = programs.tool(settings.from_environment(os.environ), "helm")
    with temporary_namespace(cluster) as name:
        cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        opened = Release(cluster, name, helm)
        try:
            opened.install()
            yield opened
        finally:
            opened.run("uninstall", "trial", "--ignore-not-found")
