"""`scanyard cancel`, `suspend`, `resume` and `rerun`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.formats import output_option, print_list
from scanyard.cli.output import print_error, print_line, print_remark
from scanyard.cli.scans import change_rules
from scanyard.cli.scans.change_rules import Change, Rule
from scanyard.cli.scans.selection import Selection, absent, selected, selection_options
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]

_TRIES: Final = 8


@click.command()
@selection_options
@access_options()
@output_option("")
def cancel(
    *, names: tuple[str, ...], labels: str, everything: bool, access: Access, output: str | None
) -> int:
    """Stop scans for good: those that wait never start, those that run are ended.

    What a scan had found until then is kept. Only `scanyard rerun` brings it back.
    """
    return _change(
        change_rules.cancelled, selected(names, labels, everything=everything), access, output
    )


@click.command()
@selection_options
@access_options()
@output_option("")
def suspend(
    *, names: tuple[str, ...], labels: str, everything: bool, access: Access, output: str | None
) -> int:
    """Take scans out of their queue until `scanyard resume`; one that runs is ended first."""
    return _change(
        change_rules.suspended, selected(names, labels, everything=everything), access, output
    )


@click.command()
@selection_options
@access_options()
@output_option("")
def resume(
    *, names: tuple[str, ...], labels: str, everything: bool, access: Access, output: str | None
) -> int:
    """Put suspended scans back into their queue; each begins anew."""
    return _change(
        change_rules.resumed, selected(names, labels, everything=everything), access, output
    )


@click.command()
@selection_options
@access_options()
@output_option("")
def rerun(
    *, names: tuple[str, ...], labels: str, everything: bool, access: Access, output: str | None
) -> int:
    """Run finished scans again, cancelled ones as well."""
    token = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    wish = selected(names, labels, everything=everything)
    return _change(change_rules.rerun_with(token), wish, access, output)


def _change(rule: Rule, wish: Selection, access: Access, output: str | None) -> int:
    api = access.api()
    jobs, well = wish.read(api, access)
    if not jobs and not wish.is_by_name and output is None:
        print_remark(f"There is no such ScanJob in {access.namespace}.")
    changed: list[Json] = []
    for job in jobs:
        name = job["metadata"]["name"]
        try:
            change, after = _carry_out(api, job, rule)
        except KubeRefusedError as error:
            print_error(f"{name}: {_why(error, access.namespace, name)}")
            well = False
            continue
        changed.append(after)
        # Of "all" those are meant that it can be done to.
        if change.refused and wish.is_by_name:
            print_error(f"{name} {change.said}")
            well = False
        elif output is None:
            print_line(f"{name}: {change.said}")
    if output is not None:
        print_list(changed, output)
    return exit_codes.OK if well else exit_codes.FAILED


def _carry_out(api: Api, raw: Json, rule: Rule) -> tuple[Change, Json]:
    """Change exactly the version that was looked at; another one is looked at anew."""
    for left in reversed(range(_TRIES)):
        change = rule(read_job(raw))
        if change.spec is None:
            return change, raw
        meta = raw["metadata"]
        only = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        try:
            after = api.merge(
                SCANJOBS, meta["namespace"], meta["name"], {"metadata": only, "spec": change.spec}
            )
        except KubeConflictError:
            if not left:
                raise
            raw = api.get(SCANJOBS, meta["namespace"], meta["name"])
            continue
        return change, after
    raise AssertionError("the last try returns or raises")


def _why(error: KubeRefusedError, namespace: str, name: str) -> str:
    if isinstance(error, KubeNotFoundError):
        return absent(namespace, name)
    if isinstance(error, KubeConflictError):
        return "is being changed all the time: try again"
    return error.message
