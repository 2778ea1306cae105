"""Which ScanJobs a command means: those named, those with labels, or all of a namespace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from scanyard.api import names
from scanyard.cli.access import Access
from scanyard.cli.completing import scanjob_names
from scanyard.cli.output import print_error
from scanyard.kube.errors import KubeNotFoundError
from scanyard.kube.resources import SCANJOBS

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]

_KINDS: Final = frozenset(
    {"scanjob", "scanjobs", "sj", f"scanjob.{names.GROUP}", f"scanjobs.{names.GROUP}"}
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The wish of one command line."""

    names: tuple[str, ...]
    labels: str = ""
    everything: bool = False

    @property
    def is_by_name(self) -> bool:
        """Each one was meant by itself, so each that cannot be had is an error."""
        return bool(self.names)

    def read(self, api: Api, access: Access) -> tuple[list[Json], bool]:
        """The ScanJobs, and whether all that were named are there; says which are not."""
        if not self.is_by_name:
            found, _ = api.list_all(SCANJOBS, access.namespace, {"labelSelector": self.labels})
            return found, True
        jobs: list[Json] = []
        for name in self.names:
            try:
                jobs.append(api.get(SCANJOBS, access.namespace, name))
            except KubeNotFoundError:
                print_error(absent(access.namespace, name))
        return jobs, len(jobs) == len(self.names)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """NAMES, -l and --all; the command gets `names`, `labels` and `everything`."""
    for option in (
        click.option("--all", "everything", is_flag=True, help="All ScanJobs of the namespace."),
        click.option("--selector", "-l", "labels", default="", help="Those with these labels."),
        click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=scanjob_names),
    ):
        command = option(command)
    return command


def selected(names: Sequence[str], labels: str, *, everything: bool) -> Selection:
    """The selection; raises UsageError unless it is made in exactly one way."""
    ways = bool(names) + bool(labels) + everything
    if ways == 0:
        raise click.UsageError("name the ScanJobs, or give --selector or --all")
    if ways > 1:
        raise click.UsageError("names, --selector and --all do not go together: keep one")
    return Selection(tuple(dict.fromkeys(map(plain_name, names))), labels, everything)


def plain_name(text: str) -> str:
    """The name alone of what `-o name` prints, such as scanjob.scanyard.dev/web."""
    kind, _, name = text.rpartition("/")
    return name if kind.lower() in _KINDS else text


def absent(namespace: str, name: str) -> str:
    """That there is no such ScanJob."""
    return f"{namespace} has no ScanJob {name}; `scanyard list` shows those that are there"
