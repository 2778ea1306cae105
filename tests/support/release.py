"""The Helm release that the demo and the end-to-end tests share: this checkout's chart and images.

It imports no test framework, so that the demo can use it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import base_image, command, fingerprint, lock, programs
from tests.cluster.errors import CommandError
from tests.cluster.settings import REPOSITORY, Settings

CHART: Final = REPOSITORY / "charts" / "scanyard"
NAMESPACE: Final = "scanyard-system"
NAME: Final = "scanyard"
IMAGES: Final = ("operator", "scanner", "redis", "targets")
#: On the operator's Pod: what it was installed from. A new image under an old tag restarts it.
INSTALLED_FROM: Final = "scanyard.dev/installed-from"

_VALUES: Final = {"image.tag": "dev", "scanner.image.tag": "dev", "redis.image.tag": "dev"}
_TIMEOUT: Final = "4m"


@dataclass(frozen=True, slots=True)
class Release:
    """The release `scanyard` in `scanyard-system`, seen through Helm."""

    helm: Path
    kubeconfig: Path

    def state(self) -> str:
        """Helm's word for it, such as deployed or pending-install; empty if there is none."""
        try:
            printed = self._run("history", NAME, "--max=1", "--output=json", what="helm history")
        except CommandError as error:
            if "not found" in error.tail:
                return ""
            raise
        return str(json.loads(printed)[-1]["status"])

    def upgrade(self, chart: Path = CHART, flags: Sequence[str] = ()) -> None:
        """Install or upgrade, and wait until all of it is ready; CommandError if it is not.

        `flags` are of `helm upgrade`. What was killed half-way blocks every upgrade, so it is taken
        away first; ScanJobs stay.
        """
        if self.state().startswith("pending"):
            self.uninstall()
        note = INSTALLED_FROM.replace(".", r"\.")
        pairs = _VALUES | {f"podAnnotations.{note}": made_from(chart, flags)}
        self._run(
            *("upgrade", "--install", NAME, str(chart), "--create-namespace"),
            # The CRDs may be there from an earlier installation, or applied without Helm.
            *("--take-ownership", *self._force_conflicts()),
            *("--wait", f"--timeout={_TIMEOUT}"),
            *(f"--set-string={name}={value}" for name, value in pairs.items()),
            *flags,
            what="helm upgrade --install",
        )

    def test(self) -> str:
        """`helm test` with the Pod's log; CommandError if it fails."""
        return self._run("test", NAME, "--logs", what="helm test")

    def rollback(self) -> None:
        """To the revision before this one, and wait until all of it is ready."""
        self._run("rollback", NAME, "--wait", f"--timeout={_TIMEOUT}", what="helm rollback")

    def uninstall(self) -> None:
        """Take it away; ScanJobs, ScanQueues and their CRDs stay."""
        self._run(
            *("uninstall", NAME, "--ignore-not-found", "--wait", "--timeout=2m"),
            what="helm uninstall",
        )

    def _force_conflicts(self) -> tuple[str, ...]:
        """Helm 4 applies on the server, where other field managers may stand in the way.

        By itself it would apply as the revision before was, which after one of Helm 3, or a
        rollback to one, is not on the server; and then it refuses to force anything.
        """
        version = self._run("version", "--template={{.Version}}", what="helm version")
        return () if version.startswith("v3") else ("--server-side=true", "--force-conflicts")

    def _run(self, *arguments: str, what: str) -> str:
        return command.run(
            [self.helm, f"--kubeconfig={self.kubeconfig}", f"--namespace={NAMESPACE}", *arguments],
            what=what,
        )


@contextmanager
def held(settings: Settings) -> Iterator[Release]:
    """The release, for one process at a time."""
    opened = Release(programs.tool(settings, "helm"), settings.kubeconfig)
    with lock.held(settings, f"release in {settings.name}"):
        yield opened


def made_from(chart: Path = CHART, flags: Sequence[str] = ()) -> str:
    """A short name for what a release is made from: chart, values, this checkout's images."""
    return fingerprint.of(chart, json.dumps(_VALUES), *flags, *map(_image_id, IMAGES))


def _image_id(name: str) -> str:
    """What Docker knows by our tag; empty where the images came another way."""
    tag = f"scanyard/{name}:dev"
    known = command.find("docker") is not None and base_image.present(tag)
    return base_image.image_id(tag) if known else ""
