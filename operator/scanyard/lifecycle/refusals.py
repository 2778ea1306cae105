"""What to do about a Pod that the cluster does not take; the API server names only the cause."""

from __future__ import annotations

_ENFORCED = "pod-security.kubernetes.io/enforce"


def with_mend(message: str, namespace: str) -> str:
    """The API server's message about a refused Pod, followed by the way out where one is known."""
    mend = _mend(message, namespace)
    return f"{message}; {mend}" if mend else message


def _mend(message: str, namespace: str) -> str:
    if "violates PodSecurity" in message:
        if "NET_RAW" in message:
            return (
                "this scan needs raw sockets: allow NET_RAW in the namespace (kubectl label "
                f"namespace {namespace} {_ENFORCED}=privileged --overwrite), or scan with nmap's "
                "technique Connect, which needs none"
            )
        return f"relax the label {_ENFORCED} of namespace {namespace}"
    if "exceeded quota" in message:
        return f"raise the quota of namespace {namespace}, or wait until its Pods are gone"
    if "must specify" in message or "usage per " in message:
        return (
            "make the quota or LimitRange of the namespace fit the scan's resources (the queue's "
            "podTemplate.resources, or the chart's scanner.resources)"
        )
    if "no PriorityClass with name" in message:
        return "create that PriorityClass, or change the queue's podTemplate.priorityClassName"
    return ""
