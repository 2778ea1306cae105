"""Lists of an installation that may watch all namespaces or only some."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scanyard.kube.client import Json, KubeClient
from scanyard.kube.resources import Resource


async def list_in(
    kube: KubeClient,
    namespaces: Sequence[str | None],
    resource: Resource,
    *,
    labels: str = "",
    fields: str = "",
) -> tuple[list[Json], int]:
    """Consistent lists of these namespaces (None: all) as one, and the version of the oldest."""
    lists = await asyncio.gather(
        *(
            kube.list_all(resource, namespace=name, labels=labels, fields=fields)
            for name in namespaces
        )
    )
    items = [item for listed, _ in lists for item in listed]
    return items, min(version for _, version in lists)
