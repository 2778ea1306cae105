"""What a person looks at first when an end-to-end test fails."""

from __future__ import annotations

from typing import Final

from tests.support.installation import Installation

_VIEWS: Final = (
    ("ScanQueues", ("get", "scanqueues", "-o", "wide")),
    ("ScanJobs", ("get", "scanjobs", "-o", "wide")),
    ("Pods", ("get", "pods", "-o", "wide")),
    ("Events", ("get", "events", "--sort-by=.lastTimestamp")),
)


def describe(installation: Installation, namespace: str) -> str:
    """A namespace's ScanJobs, Pods and events, and the operator's last words."""
    parts = []
    for title, arguments in _VIEWS:
        done = installation.cluster.try_kubectl(f"--namespace={namespace}", *arguments)
        parts.append(f"--- {title} of {namespace}\n{done.stdout or done.stderr}")
    parts.append(f"--- the operator's last lines\n{installation.operator_log()}")
    return "\n".join(parts)
