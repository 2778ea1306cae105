"""`scanyard setup-queues`: makes the listed ScanQueues so, and leaves what others have changed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
import kubernetes.client
from kubernetes.client.exceptions import ApiException

from scanyard.api.names import GROUP, SCANQUEUE_PLURAL, VERSION
from scanyard.cli.cluster import (
    REQUEST_TIMEOUT_SECONDS,
    WAIT_SECONDS,
    api_client,
    patiently,
    status_of,
    translated_errors,
)
from scanyard.cli.output import print_line, print_warning
from scanyard.cli.queue_file import QueueEntry, read_queues
from scanyard.errors import ScanyardError

FIELD_MANAGER: Final = "scanyard-setup"


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that another manager has set to another value."""

    path: str  # ".spec.maxConcurrent"
    owner: str  # 'conflict with "kubectl-edit" using scanyard.dev/v1alpha1'


class ApplyConflictError(ScanyardError):
    """Fields of the manifest belong to others; nothing was applied."""

    def __init__(self, conflicts: tuple[FieldConflict, ...]) -> None:
        super().__init__("; ".join(f"{c.path}: {c.owner}" for c in conflicts))
        self.conflicts = conflicts


@click.command()
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="YAML or JSON: a list of {name, namespace, and fields of a ScanQueue's spec}.",
)
@click.option("--namespace", "-n", help="For entries that name no namespace.")
@click.option("--wait", is_flag=True, help="Wait up to 2 minutes for the API server and the CRDs.")
@click.option(
    "--force-conflicts", is_flag=True, help="Overwrite fields that others have changed as well."
)
def setup_queues(path: Path, namespace: str | None, *, wait: bool, force_conflicts: bool) -> None:
    """Create or update the listed ScanQueues by server-side apply.

    A field that someone else has changed keeps its value, with a warning. A queue that is not in
    the list is left alone.
    """
    queues = read_queues(path, namespace)
    api = kubernetes.client.CustomObjectsApi(api_client())
    for queue in queues:
        outcome = patiently(
            lambda queue=queue: apply_queue(api, queue, force=force_conflicts),  # type: ignore[misc]
            wait_seconds=WAIT_SECONDS if wait else 0,
        )
        print_line(f"{queue.key}: {outcome.word}")
        for warning in outcome.warnings:
            print_warning(f"{queue.key}: {warning}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one queue: "created" or "applied", and what was left as others set it."""

    word: str
    warnings: tuple[str, ...] = ()


def apply_queue(
    api: kubernetes.client.CustomObjectsApi, queue: QueueEntry, *, force: bool
) -> Outcome:
    """Apply one queue; without `force`, fields that conflict are left to their owners."""
    try:
        _, created = _apply(api, queue, force=force)
    except ApplyConflictError as error:
        rest = replace(queue, spec=without_fields(queue.spec, (c.path for c in error.conflicts)))
        live, created = _apply(api, rest, force=False)
        return Outcome("applied", tuple(_warning(c, queue, live) for c in error.conflicts))
    return Outcome("created" if created else "applied")


def _apply(
    api: kubernetes.client.CustomObjectsApi, queue: QueueEntry, *, force: bool
) -> tuple[dict[str, Any], bool]:
    with translated_errors(), _conflicts():
        answer: tuple[Any, int, object] = api.patch_namespaced_custom_object_with_http_info(
            GROUP,
            VERSION,
            queue.namespace,
            SCANQUEUE_PLURAL,
            queue.name,
            queue.manifest(),
            field_manager=FIELD_MANAGER,
            field_validation="Strict",
            force=force,
            _content_type="application/apply-patch+yaml",
            _request_timeout=REQUEST_TIMEOUT_SECONDS,
        )
    live, status, _ = answer
    return live, status == 201


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        details = status_of(error).get("details") or {}
        conflicts = tuple(
            FieldConflict(cause["field"], cause["message"])
            for cause in details.get("causes", ())
            if cause.get("reason") == "FieldManagerConflict"
        )
        if error.status == 409 and conflicts:
            raise ApplyConflictError(conflicts) from error
        raise


def without_fields(spec: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy of the spec without the fields at these paths (".spec.scope.allow").

    A path into a list takes the whole list out: half a list is nobody's wish.
    """
    result = copy.deepcopy(spec)
    for path in paths:
        *parents, last = path.split("[", 1)[0].removeprefix(".spec.").split(".")
        node: Any = result
        for part in parents:
            node = node.get(part, {})
        node.pop(last, None)
    return result


def _warning(conflict: FieldConflict, queue: QueueEntry, live: dict[str, Any]) -> str:
    path = conflict.path.removeprefix(".spec.")
    wanted, kept = _at(queue.spec, path), _at(live.get("spec", {}), path)
    owner = conflict.owner.removeprefix("conflict with ").split(" using ")[0]
    return (
        f"{path} stays {kept}, as {owner} set it; the list says {wanted}: change the list, or "
        "use --force-conflicts (queueSetup.forceConflicts in the chart)"
    )


def _at(spec: dict[str, Any], path: str) -> object:
    node: Any = spec
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node
