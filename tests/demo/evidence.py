"""What to look at when the demo goes wrong, kept before the next run takes it away."""

from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.settings import Settings
from tests.demo.scans import NAMESPACE
from tests.demo.tools import Tools
from tests.support import release

_QUESTIONS = (
    ("get", "scanqueues,scanjobs", "--output=wide", f"--namespace={NAMESPACE}"),
    ("get", "pods", "--output=wide", "--all-namespaces"),
    ("get", "events", "--sort-by=.lastTimestamp", f"--namespace={NAMESPACE}"),
    ("get", "scanjobs", "--output=yaml", f"--namespace={NAMESPACE}"),
    ("logs", f"deployment/{release.NAME}", f"--namespace={release.NAMESPACE}"),
    ("logs", "--selector=scanyard.dev/role=attempt", "--tail=-1", f"--namespace={NAMESPACE}"),
)


def save(settings: Settings, tools: Tools) -> Path:
    """Writes down the state of scans, Pods and operator; the file's path."""
    path = settings.logs / f"demo-{settings.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for question in _QUESTIONS:
            try:
                said = tools.kubectl(*question, what="kubectl")
            except ClusterError as error:  # the other answers still help
                said = str(error)
            file.write(f"$ kubectl {' '.join(question)}\n{said}\n")
    return path
