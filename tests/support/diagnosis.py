"""What a person looks at first when an end-to-end test fails."""

from __future__ import annotations

import json
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
    lines = map(_for_people, installation.operator_log().splitlines())
    parts.append("\n".join(["--- the operator's last lines", *lines]))
    return "\n".join(parts)


def _for_people(line: str) -> str:
    """A line of the operator's log, which in a cluster is JSON."""
    try:
        told = json.loads(line)
        head = f"{told['time'][11:19]} {told['level']} {told['message']}"
        trace = told.get("error", {}).get("stack", "")
    except (ValueError, KeyError, TypeError):
        return line
    return f"{head}\n{trace}".rstrip()
