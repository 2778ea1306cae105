"""What Kubernetes' scheduler heeds of a Pod of ours, read from the Pods alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_HOSTNAME: Final = "kubernetes.io/hostname"


def suits(pod: Mapping[str, Any], node: str, others: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a node with these Pods takes this one; it has no label but its name."""
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(value != {_HOSTNAME: node}.get(label) for label, value in wanted.items()):
        return False
    return not any(shuns(pod, other) or shuns(other, pod) for other in others)


def shuns(pod: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the first Pod's anti-affinity keeps it away from the other's node.

    Pods of all namespaces count, as in each Pod of ours.
    """
    anti = (pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}
    terms = anti.get("requiredDuringSchedulingIgnoredDuringExecution", ())
    return any(
        _selects(term["labelSelector"], other["metadata"].get("labels") or {}) for term in terms
    )


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "NotIn"
        assert expression["values"], "the API server refuses an empty list"
        # Also true where the label is absent.
        if labels.get(expression["key"]) in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector["matchLabels"].items())
