"""`scanyard queue create` and `edit`."""

from __future__ import annotations

from typing import Any

import click

from scanyard.api.names import API_VERSION, SCANQUEUE_KIND
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import output_option, print_object
from scanyard.cli.output import print_error, print_line
from scanyard.cli.queues.fields import FIELDS, field_options, in_words, spec_of
from scanyard.kube.errors import KubeConflictError
from scanyard.kube.resources import SCANQUEUES

Json = dict[str, Any]


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name")
@field_options
@access_options()
@output_option("")
def create(
    *,
    name: str,
    access: Access,
    output: str | None,
    **fields: str | None,
) -> int:
    """Create a queue, in which scans of its namespace wait that name it."""
    manifest = {
        "apiVersion": API_VERSION,
        "kind": SCANQUEUE_KIND,
        "metadata": {"name": name, "namespace": access.namespace},
        "spec": _without_none(spec_of(fields)),
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
@field_options
@access_options()
@output_option("")
def edit(
    *,
    name: str,
    access: Access,
    output: str | None,
    **fields: str | None,
) -> None:
    """Change fields of a queue; what is not given stays as it is. It works at once.

    A field that may be absent is taken away by the word none, such as --max-timeout none. LISTs
    have commas between, and take the place of what was there. Windows and the template of Pods are
    changed by kubectl.
    """
    spec = spec_of(fields)
    if not spec:
        raise click.UsageError(f"give at least one of {', '.join(f.flag for f in FIELDS)}")
    raw = access.api().merge(SCANQUEUES, access.namespace, name, {"spec": spec})
    _show(raw, ", ".join(in_words(spec)), output)


def _without_none(spec: Json) -> Json:
    """Of a new queue nothing has to be taken away."""
    kept = {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in spec.items()
    }
    return {name: value for name, value in kept.items() if value not in (None, {})}


def _show(raw: Json, said: str, output: str | None) -> None:
    if output is None:
        print_line(f"{raw['metadata']['name']}: {said}")
    else:
        print_object(raw, output)
