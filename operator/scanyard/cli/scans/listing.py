"""`scanyard list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, get_args

import click

from scanyard.api.scanjob import Scanner
from scanyard.api.scanjob_status import Phase
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age, duration
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import TABLE, WIDE, is_raw, output_option, print_list, print_table
from scanyard.cli.output import print_remark
from scanyard.cli.scans.manifest import queue_ref
from scanyard.cli.scans.state import phase_style, reason, run_seconds
from scanyard.cli.table import Cell, Column, Row
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job, read_job

_NAMESPACE: Final = Column("NAMESPACE", least=9)
_NARROW: Final = (
    Column("NAME", least=16),
    Column("PHASE"),
    Column("QUEUE", least=8),
    Column("SCANNER"),
    Column("DONE", right=True),
    Column("OPEN", right=True),
    Column("AGE", right=True),
)
_WIDE: Final = (
    Column("PRIO", right=True),
    Column("RAN", right=True),
    Column("NODE", least=10),
    Column("TARGETS"),
    Column("REASON"),
)


@click.command("list")
@click.option(
    "--queue", "-q", shell_complete=queue_names, help="Of this queue only: NAME or NAMESPACE/NAME."
)
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice(get_args(Phase), case_sensitive=False),
    metavar="PHASE",
    help=f"In this phase only; may be given several times: {', '.join(get_args(Phase))}.",
)
@click.option("--scanner", type=click.Choice(get_args(Scanner)), help="Of this scanner only.")
@click.option("--selector", "-l", "labels", default="", help="With these labels only.")
@access_options(everywhere=True)
@output_option(TABLE, WIDE)
def list_scans(
    *,
    queue: str | None,
    phases: tuple[str, ...],
    scanner: str | None,
    labels: str,
    access: Access,
    output: str,
) -> None:
    """List scans, the newest last."""
    reference = queue_ref(queue)
    fields = {
        "spec.queueRef.name": reference["name"],
        "spec.scanner": scanner,
    }
    if len(phases) == 1:
        fields["status.phase"] = phases[0]
    selectors = {
        "labelSelector": labels,
        "fieldSelector": ",".join(f"{path}={value}" for path, value in fields.items() if value),
    }
    raws, _ = access.api().list_all(SCANJOBS, access.scope, selectors)
    if len(phases) > 1:
        raws = [raw for raw in raws if (raw.get("status") or {}).get("phase") in phases]
    if home := reference["namespace"]:
        # No selector finds it: a ScanJob that names none means the queue of its own namespace.
        raws = [raw for raw in raws if _queue_namespace(raw) == home]
    raws.sort(key=_by_age)
    if is_raw(output):
        print_list(raws, output)
        return
    if not raws:
        where = "any namespace" if access.everywhere else f"namespace {access.namespace}"
        print_remark(f"No scans in {where}.")
        return
    now = datetime.now(UTC)
    wide, everywhere = output == WIDE, access.everywhere
    rows = [row(read_job(raw), now, wide=wide, everywhere=everywhere) for raw in raws]
    print_table(columns(wide=wide, everywhere=everywhere), rows)


def _queue_namespace(raw: dict[str, Any]) -> str:
    named = (raw["spec"].get("queueRef") or {}).get("namespace")
    return str(named or raw["metadata"]["namespace"])


def columns(*, wide: bool, everywhere: bool) -> tuple[Column, ...]:
    """What `row` has cells for."""
    return ((_NAMESPACE,) if everywhere else ()) + _NARROW + (_WIDE if wide else ())


def row(job: Job, now: datetime, *, wide: bool, everywhere: bool) -> Row:
    """The cells of one ScanJob."""
    summary = job.status.summary or {}
    progress = job.status.progress
    cells: list[Cell | str] = [job.namespace] if everywhere else []
    cells += [
        job.name,
        Cell(job.status.phase, phase_style(job.status.phase)),
        job.queue_text,
        job.scanner,
        "" if progress is None else f"{progress}%",
        str(summary.get("openPorts", "")),
        age(job.created, now),
    ]
    if wide:
        seconds = run_seconds(job, now)
        node = job.status.attempts[-1].node_name if job.status.attempts else ""
        cells += [
            str(job.priority),
            "" if seconds is None else duration(seconds),
            node,
            targets_in_brief(job),
            reason(job)[0],
        ]
    return cells


def targets_in_brief(job: Job) -> str:
    """The first target and how many more."""
    targets = job.spec.get("targets") or [""]
    more = len(targets) - 1
    return f"{targets[0]} +{more}" if more else str(targets[0])


def _by_age(raw: dict[str, Any]) -> tuple[str, str, str]:
    meta = raw["metadata"]
    return meta["creationTimestamp"], meta["namespace"], meta["name"]
