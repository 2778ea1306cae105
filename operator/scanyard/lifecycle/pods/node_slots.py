"""How many scans of a queue a node runs: the scheduler sees to it, by a label and an anti-affinity.

Each Pod of a queue with `maxConcurrentPerNode: N` carries a number below N, its node slot, and
keeps away from nodes with a Pod of the same queue and the same number. So no node ever has more
than N of them, whoever creates them and however many are scheduled at once. It keeps away also
from Pods without a number or with one that is N or above, which are those of the time before the
limit was set or lowered: a node takes no new ones beyond the limit while they run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scanyard.api import names

_HOSTNAME: Final = "kubernetes.io/hostname"


def least_used(counts: Mapping[int, int], slots: int) -> int:
    """The number below `slots` that the fewest have; the lowest of several."""
    return min(range(slots), key=lambda slot: counts.get(slot, 0))


def keep_apart(pod: dict[str, Any], slot: int, slots: int) -> None:
    """Give an attempt's Pod its node slot, and have the scheduler heed it."""
    labels = pod["metadata"]["labels"]
    labels[names.LABEL_NODE_SLOT] = str(slot)
    others = [str(other) for other in range(slots) if other != slot]
    same = {"key": names.LABEL_NODE_SLOT, "operator": "NotIn", "values": others}
    term = {
        "topologyKey": _HOSTNAME,
        # Its ScanJobs may be of several namespaces.
        "namespaceSelector": {},
        "labelSelector": {
            "matchLabels": {
                names.LABEL_QUEUE: labels[names.LABEL_QUEUE],
                names.LABEL_ROLE: names.ROLE_ATTEMPT,
            },
            # An empty list of values is refused; with one slot every Pod of the queue counts.
            **({"matchExpressions": [same]} if others else {}),
        },
    }
    pod["spec"]["affinity"] = {
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    }
