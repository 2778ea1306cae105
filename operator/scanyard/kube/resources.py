"""The resources that Scanyard talks about, and their paths."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """One API resource; `prefix` is /api/v1 or /apis/<group>/<version>."""

    prefix: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None, sub: str = "") -> str:
        """The URL path of the collection, or of one object or its subresource."""
        parts = [self.prefix]
        if namespace:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name:
            parts.append(name)
        if sub:
            parts.append(sub)
        return "/".join(parts)


SCANJOBS = Resource("/apis/scanyard.dev/v1alpha1", "scanjobs")
SCANQUEUES = Resource("/apis/scanyard.dev/v1alpha1", "scanqueues")
PODS = Resource("/api/v1", "pods")
NAMESPACES = Resource("/api/v1", "namespaces")
NODES = Resource("/api/v1", "nodes")
LEASES = Resource("/apis/coordination.k8s.io/v1", "leases")
EVENTS = Resource("/api/v1", "events")
NETWORK_POLICIES = Resource("/apis/networking.k8s.io/v1", "networkpolicies")
SERVICE_CIDRS = Resource("/apis/networking.k8s.io/v1", "servicecidrs")
