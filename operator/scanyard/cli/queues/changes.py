"""`scanyard queue hold`, `drain` and `release`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from scanyard.api.scanqueue import StopPolicy
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import output_option, print_list
from scanyard.cli.output import print_error, print_line, print_warning
from scanyard.cli.queues.state import held_by
from scanyard.kube.errors import KubeRefusedError
from scanyard.kube.resources import SCANQUEUES

Json = dict[str, Any]


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    names = click.argument(
        "names", nargs=-1, required=True, metavar="NAME...", shell_complete=queue_names
    )
    return names(access_options()(output_option("")(command)))


@click.command()
@_options
def hold(*, names: tuple[str, ...], access: Access, output: str | None) -> int:
    """Start nothing more in these queues; what runs may finish."""
    return _set(names, "Hold", "held", access, output)


@click.command()
@_options
def drain(*, names: tuple[str, ...], access: Access, output: str | None) -> int:
    """Start nothing more in these queues, and stop what runs: it waits again, in its old place."""
    return _set(names, "HoldAndDrain", "held, and what runs is being stopped", access, output)


@click.command()
@_options
def release(*, names: tuple[str, ...], access: Access, output: str | None) -> int:
    """Let queues start scans again."""
    return _set(names, "None", "released", access, output)


def _set(
    names: tuple[str, ...], policy: StopPolicy, said: str, access: Access, output: str | None
) -> int:
    api, changed, well = access.api(), [], True
    for name in names:
        try:
            raw = api.merge(SCANQUEUES, access.namespace, name, {"spec": {"stopPolicy": policy}})
        except KubeRefusedError as error:
            print_error(f"{name}: {error.message}")
            well = False
            continue
        changed.append(raw)
        if output is None:
            print_line(f"{name}: {said}")
        if policy == "None" and held_by(raw):
            print_warning(
                f"{name} is still held by an emergency stop; `scanyard stop --lift` ends it"
            )
    if output is not None:
        print_list(changed, output)
    return exit_codes.OK if well else exit_codes.FAILED
