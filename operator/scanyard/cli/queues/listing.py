"""`scanyard queue list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click

from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age
from scanyard.cli.formats import TABLE, WIDE, is_raw, output_option, print_list, print_table
from scanyard.cli.output import print_remark
from scanyard.cli.queues.state import condition, held_by, is_ready
from scanyard.cli.table import Cell, Column, Row
from scanyard.kube.resources import SCANQUEUES
from scanyard.lifecycle.timestamps import parse_time
from scanyard.lifecycle.timing.windows import OUTSIDE_WINDOW

Json = dict[str, Any]

_NAMESPACE: Final = Column("NAMESPACE", least=9)
_NARROW: Final = (
    Column("NAME", least=12),
    Column("RUNNING", right=True),
    Column("LIMIT", right=True),
    Column("WAITING", right=True),
    Column("STATE"),
    Column("AGE", right=True),
)
_WIDE: Final = (
    Column("PRIO", right=True),
    Column("AGING", right=True),
    Column("MESSAGE"),
)


@click.command("list")
@access_options(everywhere=True)
@output_option(TABLE, WIDE)
def list_queues(*, access: Access, output: str) -> None:
    """List queues: what runs, what waits, and whether they are held."""
    raws, _ = access.api().list_all(SCANQUEUES, access.scope)
    if is_raw(output):
        print_list(raws, output)
        return
    if not raws:
        where = "any namespace" if access.everywhere else f"namespace {access.namespace}"
        print_remark(f"No queues in {where}; `scanyard queue create default` makes one.")
        return
    wide, everywhere = output == WIDE, access.everywhere
    columns = ((_NAMESPACE,) if everywhere else ()) + _NARROW + (_WIDE if wide else ())
    now = datetime.now(UTC)
    print_table(columns, [row(raw, now, wide=wide, everywhere=everywhere) for raw in raws])


def row(raw: Json, now: datetime, *, wide: bool, everywhere: bool) -> Row:
    """The cells of one ScanQueue."""
    meta, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    cells: list[Cell | str] = [meta["namespace"]] if everywhere else []
    cells += [
        meta["name"],
        str(status.get("running", "")),
        str(spec.get("maxConcurrent", "")),
        str(status.get("waiting", "")),
        state(raw),
        age(parse_time(meta.get("creationTimestamp")), now),
    ]
    if wide:
        cells += [
            str(spec.get("priority", "")),
            str(spec.get("agingSeconds", "")),
            str(condition(raw, "Ready").get("message", "")),
        ]
    return cells


def state(raw: Json) -> Cell:
    """What keeps it from starting scans, in a word; or that nothing does."""
    if held := held_by(raw):
        return Cell(held, "yellow")
    if is_ready(raw) is None:
        return Cell("Unknown", "dim")
    if is_ready(raw):
        return Cell("Ready", "green")
    why = str(condition(raw, "Ready").get("reason", ""))
    # By its own windows, as it should be; anything else wants to be looked at.
    return Cell(why, "yellow") if why == OUTSIDE_WINDOW else Cell("NotReady", "red")
