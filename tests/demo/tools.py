"""kubectl, pointed at the demo's cluster and never at the user's own; the cluster's commands."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import command, programs
from tests.cluster.errors import ClusterError
from tests.cluster.settings import REPOSITORY, Settings


class DemoError(ClusterError):
    """Ends the demo: the message is all that the user sees."""


@dataclass(frozen=True, slots=True)
class Tools:
    """kubectl and the cluster."""

    kubectl_path: Path
    kubeconfig: Path

    @classmethod
    def find(cls, settings: Settings) -> "Tools":
        """From the PATH, else built; raises ClusterError with what to install."""
        return cls(programs.tool(settings, "kubectl"), settings.kubeconfig)

    def kubectl(self, *arguments: str | Path, what: str) -> str:
        """Runs kubectl and returns what it printed; `what` names it in an error."""
        return command.run(
            [self.kubectl_path, f"--kubeconfig={self.kubeconfig}", *arguments], what=what
        )

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that `kubectl get` lists."""
        printed = self.kubectl("get", "--output=json", *arguments, what="kubectl get")
        items: list[dict[str, Any]] = json.loads(printed)["items"]
        return items


def cluster_command(*arguments: str) -> str:
    """Runs a command of tests.cluster, which tells its progress itself; returns its answer.

    It stays in our process group, so that Ctrl-C reaches it and it cleans up. Raises
    subprocess.CalledProcessError after it has said what went wrong.
    """
    return _output([sys.executable, "-m", "tests.cluster", *arguments])


def _output(arguments: Sequence[str]) -> str:
    with subprocess.Popen(
        arguments, cwd=REPOSITORY, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            printed, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return printed
