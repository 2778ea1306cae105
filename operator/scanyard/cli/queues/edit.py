"""`scanyard queue create` and `edit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click

from scanyard.api.names import API_VERSION, SCANQUEUE_KIND
from scanyard.api.scanqueue import (
    DEFAULT_AGING_SECONDS,
    DEFAULT_MAX_CONCURRENT,
    StopPolicy,
)
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import parse_duration
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import output_option, print_object
from scanyard.cli.output import print_error, print_line
from scanyard.kube.errors import KubeConflictError
from scanyard.kube.resources import SCANQUEUES

Json = dict[str, Any]


def _fields(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--stop-policy",
            type=click.Choice(get_args(StopPolicy), case_sensitive=False),
            metavar="POLICY",
            help=f"{', '.join(get_args(StopPolicy))}; also set by hold, drain and release.",
        ),
        click.option("--priority", type=int, metavar="N", help="Among queues, -1000 to 1000 (0)."),
        click.option(
            "--aging",
            metavar="DURATION",
            help="Waiting so long weighs a point of priority; 0: priority alone decides "
            f"({DEFAULT_AGING_SECONDS}s).",
        ),
        click.option(
            "--limit",
            type=int,
            metavar="N",
            help=f"At most N scans at once ({DEFAULT_MAX_CONCURRENT}).",
        ),
    ):
        command = option(command)
    return command


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name")
@_fields
@access_options()
@output_option("")
def create(
    *,
    name: str,
    limit: int | None,
    aging: str | None,
    priority: int | None,
    stop_policy: str | None,
    access: Access,
    output: str | None,
) -> int:
    """Create a queue, in which scans of its namespace wait that name it."""
    manifest = {
        "apiVersion": API_VERSION,
        "kind": SCANQUEUE_KIND,
        "metadata": {"name": name, "namespace": access.namespace},
        "spec": spec_of(limit, aging, priority, stop_policy),
    }
    try:
        raw = access.api().create(SCANQUEUES, access.namespace, manifest)
    except KubeConflictError:
        print_error(f"{name} exists already; `scanyard queue edit {name}` changes it")
        return exit_codes.FAILED
    _show(raw, "created", output)
    return exit_codes.OK


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name", shell_complete=queue_names)
@_fields
@access_options()
@output_option("")
def edit(
    *,
    name: str,
    limit: int | None,
    aging: str | None,
    priority: int | None,
    stop_policy: str | None,
    access: Access,
    output: str | None,
) -> None:
    """Change fields of a queue; what is not given stays as it is. It works at once."""
    spec = spec_of(limit, aging, priority, stop_policy)
    if not spec:
        raise click.UsageError("give at least one of --limit, --aging, --priority, --stop-policy")
    raw = access.api().merge(SCANQUEUES, access.namespace, name, {"spec": spec})
    _show(raw, ", ".join(f"{field} is {value}" for field, value in spec.items()), output)


def spec_of(
    limit: int | None, aging: str | None, priority: int | None, stop_policy: str | None
) -> Json:
    """Only the fields that were given."""
    fields = {
        "maxConcurrent": limit,
        "agingSeconds": None if aging is None else parse_duration(aging, "--aging"),
        "priority": priority,
        "stopPolicy": stop_policy,
    }
    return {field: value for field, value in fields.items() if value is not None}


def _show(raw: Json, said: str, output: str | None) -> None:
    if output is None:
        print_line(f"{raw['metadata']['name']}: {said}")
    else:
        print_object(raw, output)
