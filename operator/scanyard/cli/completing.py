"""Names from the cluster for a shell's completion: quickly, or none at all."""

from __future__ import annotations

from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from scanyard.cli.access import access_of
from scanyard.errors import ScanyardError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES, Resource

#: A person who presses the tab key waits no longer.
_SECONDS: Final = 2.0


def scanjob_names(
    ctx: click.Context,
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """ScanJobs of the namespace, with their phases."""
    given = set(ctx.params.get("names") or ())
    return [
        CompletionItem(name, help=str((raw.get("status") or {}).get("phase", "")))
        for name, raw in _names(ctx, SCANJOBS, incomplete)
        if name not in given
    ]


def queue_names(
    ctx: click.Context,
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """ScanQueues of the namespace."""
    return [CompletionItem(name) for name, _ in _names(ctx, SCANQUEUES, incomplete)]


def _names(
    ctx: click.Context, resource: Resource, incomplete: str
) -> list[tuple[str, dict[str, Any]]]:
    access = access_of(ctx.params)
    try:
        items = access.api(timeout_seconds=_SECONDS).first_page(resource, access.namespace)
    except ScanyardError:
        return []  # a shell has no place for an error
    found = {item["metadata"]["name"]: item for item in items}
    return [(name, raw) for name, raw in found.items() if name.startswith(incomplete)]
