"""`scanyard stats`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import duration
from scanyard.cli.formats import TABLE, document_option, print_document, print_table
from scanyard.cli.output import print_line, print_remark
from scanyard.cli.overview.figures import OUTCOMES, Figures, figures_of, percentile
from scanyard.cli.scans.state import phase_style
from scanyard.cli.table import Cell, Column, Row
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import read_job

_QUEUE: Final = Column("QUEUE", least=12)
_OUTCOMES: Final = (
    _QUEUE,
    Column("SCANS", right=True),
    Column("LIVE", right=True),
    *(Column(name.upper(), right=True) for name in OUTCOMES),
)
_TIMES: Final = (
    _QUEUE,
    *(
        Column(f"{what} {figure}", right=True)
        for what in ("WAIT", "RUN")
        for figure in ("P50", "P95", "MAX")
    ),
)


@click.command()
@click.option("--selector", "-l", "labels", default="", help="Of ScanJobs with these labels only.")
@access_options(everywhere=True)
@document_option
def stats(*, labels: str, access: Access, output: str) -> None:
    """Show how scans ended, how long they waited, and how long they ran, by queue.

    It counts the ScanJobs that are there: those that were deleted are not in it. A wait ends when
    a slot is given. P50 and P95: that many percent of them took no longer.
    """
    raws, _ = access.api().list_all(SCANJOBS, access.scope, {"labelSelector": labels})
    found = figures_of(map(read_job, raws))
    if output != TABLE:
        print_document({"queues": [figures.as_json() for figures in found]}, output)
        return
    if not found:
        where = "any namespace" if access.everywhere else f"namespace {access.namespace}"
        print_remark(f"No scans in {where}: there is nothing to count.")
        return
    print_table(_OUTCOMES, [_outcomes(figures, access) for figures in found])
    print_line("")
    print_table(_TIMES, [_times(figures, access) for figures in found])


def _outcomes(figures: Figures, access: Access) -> Row:
    counts = [
        Cell(str(count), phase_style(name) if count else "dim")
        for name, count in ((name, figures.outcomes[name]) for name in OUTCOMES)
    ]
    return [_name(figures, access), str(figures.scans), str(figures.live), *counts]


def _times(figures: Figures, access: Access) -> Row:
    return [_name(figures, access), *_three(figures.waits), *_three(figures.runs)]


def _three(values: Sequence[float]) -> list[str]:
    if not values:
        return ["-", "-", "-"]
    found = (percentile(values, 50), percentile(values, 95), max(values))
    return ["-" if seconds is None else duration(seconds) for seconds in found]


def _name(figures: Figures, access: Access) -> str:
    return f"{figures.namespace}/{figures.queue}" if access.everywhere else figures.queue
