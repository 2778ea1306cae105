"""`scanyard queue status`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from scanyard.api.names import DEFAULT_QUEUE
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age, duration
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import TABLE, is_raw, output_option, print_object, print_table
from scanyard.cli.output import print_line, print_lines, print_remark
from scanyard.cli.queues.listing import state
from scanyard.cli.queues.state import condition
from scanyard.cli.scans import listing
from scanyard.cli.table import Cell
from scanyard.kube.errors import KubeRefusedError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.timestamps import parse_time

Json = dict[str, Any]

_TITLE = 12
_SHOWN = 20
_LISTED = 8


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name", default=DEFAULT_QUEUE, shell_complete=queue_names)
@access_options()
@output_option(TABLE)
def status(*, name: str, access: Access, output: str) -> None:
    """Show a queue's settings, whether it starts scans, and those that run and wait in it."""
    api = access.api()
    raw = api.get(SCANQUEUES, access.namespace, name)
    if is_raw(output):
        print_object(raw, output)
        return
    now = datetime.now(UTC)
    try:
        found, _ = api.list_all(
            SCANJOBS, access.namespace, {"fieldSelector": f"spec.queueRef.name={name}"}
        )
        jobs = [read_job(item) for item in found]
    except KubeRefusedError as error:
        print_remark(f"Its scans cannot be shown: {error.message}")
        jobs = []
    live = [job for job in jobs if not job.status.finished and job.status.phase != "Suspended"]
    print_lines(
        [Cell(f"{title + ':':<{_TITLE}}", "bold"), cell] for title, cell in facts(raw, live, now)
    )
    # As the queue has them: running ones, then the waiting by urgency and age.
    live.sort(key=lambda job: (job.status.open_attempt is None, -job.priority, job.queued_at))
    if live:
        print_line("")
        columns = listing.columns(wide=False, everywhere=False)
        rows = [listing.row(job, now, wide=False, everywhere=False) for job in live[:_SHOWN]]
        print_table(columns, rows)
        if len(live) > _SHOWN:
            print_remark(f"… and {len(live) - _SHOWN} more: `scanyard list --queue {name}`")


def facts(raw: Json, live: list[Job], now: datetime) -> list[tuple[str, Cell]]:
    """Title and text of each line, without those that have nothing to tell."""
    meta, spec, told = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    aging = spec.get("agingSeconds", 0)
    waiting = [job.queued_at for job in live if job.status.open_attempt is None]
    lines = [
        ("ScanQueue", Cell(f"{meta['namespace']}/{meta['name']}")),
        ("State", state(raw)),
        ("Message", Cell(str(condition(raw, "Ready").get("message", "")))),
        ("Running", Cell(f"{told.get('running', '?')} of {spec.get('maxConcurrent')}")),
        ("Waiting", Cell(str(told.get("waiting", "?")))),
        *(("Held slot", Cell(_held(slot, now), "yellow")) for slot in told.get("heldSlots") or ()),
        ("Oldest", Cell(f"waits {age(min(waiting), now)}" if waiting else "")),
        ("Priority", Cell(f"{spec.get('priority', 0)} among queues")),
        (
            "Aging",
            Cell(
                f"a point of priority every {duration(aging)}"
                if aging
                else "none: priority alone decides"
            ),
        ),
        *((title, Cell(text)) for title, text in _accepts(spec)),
        ("Created", Cell(f"{age(parse_time(meta.get('creationTimestamp')), now)} ago")),
    ]
    return [(title, cell) for title, cell in lines if cell.text]


def _accepts(spec: Json) -> list[tuple[str, str]]:
    """What it takes, where that is not everything."""
    scope, most = spec.get("scope") or {}, (spec.get("limits") or {}).get("maxAddresses")
    return [
        ("Allows", _listed(scope.get("allow") or ())),
        ("Denies", _listed(scope.get("deny") or ())),
        ("Scanners", _listed(spec.get("allowedScanners") or ())),
        ("Limit", "" if most is None else f"{most} addresses in one ScanJob"),
    ]


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _LISTED
    return ", ".join(items[:_LISTED]) + (f" … and {more} more" if more > 0 else "")


def _held(slot: Json, now: datetime) -> str:
    """A slot that runs no ScanJob which a list could show."""
    until = parse_time(slot.get("until"))
    left = "" if until is None else f", free in {duration((until - now).total_seconds())} at most"
    node = slot.get("nodeName") or "no node"
    return f"{slot['scanJob']}, attempt {slot['attempt']}, on {node}{left}"
