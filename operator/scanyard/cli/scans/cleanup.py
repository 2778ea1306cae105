"""`scanyard cleanup`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age
from scanyard.cli.formats import print_table
from scanyard.cli.output import print_error, print_line, print_remark
from scanyard.cli.scans.state import is_settled, phase_style
from scanyard.cli.table import Cell, Column, Row
from scanyard.errors import InvalidInputError
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job, read_job

_NAME = Column("NAME", least=16)
_REST = (Column("PHASE"), Column("QUEUE", least=8), Column("FINISHED", right=True))


@click.command(epilog=exit_codes.EXPLAINED)
@click.option(
    "--days",
    type=click.FloatRange(min=0),
    required=True,
    metavar="N",
    help="Delete those that finished longer ago than N days, such as 30 or 0.5.",
)
@click.option("--selector", "-l", "labels", default="", help="Only those with these labels.")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@access_options(everywhere=True)
def cleanup(*, days: float, labels: str, dry_run: bool, yes: bool, access: Access) -> int:
    """Delete ScanJobs that finished long ago, with the findings in their status.

    It lists them first. One that was run again or changed meanwhile stays.
    """
    api, now = access.api(), datetime.now(UTC)
    raws, _ = api.list_all(SCANJOBS, access.scope, {"labelSelector": labels})
    old = [raw for raw in raws if is_old(read_job(raw), now, days)]
    if not old:
        print_remark(f"No scan finished longer than {days:g} days ago.")
        return exit_codes.OK
    columns = (*((Column("NAMESPACE", least=9),) if access.everywhere else ()), _NAME, *_REST)
    print_table(columns, [_row(read_job(raw), now, access) for raw in old])
    if dry_run:
        print_remark(f"{_scans(len(old))} would be deleted.")
        return exit_codes.OK
    if not yes:
        _ask(len(old))
    deleted, well = 0, True
    for raw in old:
        meta = raw["metadata"]
        name, version = meta["name"], meta["resourceVersion"]
        try:
            api.delete(SCANJOBS, meta["namespace"], name, uid=meta["uid"], version=version)
        except KubeConflictError:
            print_remark(f"{name}: has changed meanwhile, and stays")
        except KubeNotFoundError:
            pass  # somebody else deleted it
        except KubeRefusedError as error:
            print_error(f"{name}: {error.message}")
            well = False
        else:
            deleted += 1
    print_line(f"{_scans(deleted)} deleted.")
    return exit_codes.OK if well else exit_codes.FAILED


def is_old(job: Job, now: datetime, days: float) -> bool:
    """Finished, with no rerun asked for, and longer ago than that."""
    finished = job.status.finished_at
    return is_settled(job) and finished is not None and now - finished > timedelta(days=days)


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise InvalidInputError("--yes", "is missing, and nobody can be asked here", "add it")
    click.confirm(f"Delete {_scans(count)}?", abort=True, err=True)


def _row(job: Job, now: datetime, access: Access) -> Row:
    cells: list[Cell | str] = [job.namespace] if access.everywhere else []
    phase = Cell(job.status.phase, phase_style(job.status.phase))
    finished = f"{age(job.status.finished_at, now)} ago"
    return [*cells, job.name, phase, job.queue_text, finished]


def _scans(count: int) -> str:
    return f"{count} scan" + ("" if count == 1 else "s")
