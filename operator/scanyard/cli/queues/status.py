"""`scanyard queue status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from scanyard.api.names import DEFAULT_QUEUE
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age, duration
from scanyard.cli.api import Api
from scanyard.cli.completing import queue_names
from scanyard.cli.formats import TABLE, is_raw, output_option, print_object, print_table
from scanyard.cli.output import print_line, print_lines, print_remark
from scanyard.cli.queues.listing import state
from scanyard.cli.queues.rules import lines_of
from scanyard.cli.queues.state import condition
from scanyard.cli.scans import listing
from scanyard.cli.table import Cell
from scanyard.kube.errors import KubeRefusedError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.tenancy import OWN_NAMESPACE, read_allowed_namespaces
from scanyard.lifecycle.timestamps import parse_time

Json = dict[str, Any]

_TITLE = 12
_SHOWN = 20


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
    jobs = _its_scans(api, raw)
    live = [job for job in jobs if not job.status.finished and job.status.phase != "Suspended"]
    print_lines(
        [Cell(f"{title + ':' if title else '':<{_TITLE}}", "bold"), cell]
        for title, cell in facts(raw, live, now)
    )
    # As the queue has them: running ones, then the waiting by urgency and age.
    live.sort(key=lambda job: (job.status.open_attempt is None, -job.priority, job.queued_at))
    if live:
        print_line("")
        everywhere = any(job.queue_elsewhere for job in live)
        columns = listing.columns(wide=False, everywhere=everywhere)
        rows = [listing.row(job, now, wide=False, everywhere=everywhere) for job in live[:_SHOWN]]
        print_table(columns, rows)
        if len(live) > _SHOWN:
            print_remark(f"… and {len(live) - _SHOWN} more: `scanyard list --queue {name}`")


def _its_scans(api: Api, queue: Json) -> list[Job]:
    """Those that name it, of all the namespaces that it takes and that the user may see."""
    namespace, name = queue["metadata"]["namespace"], queue["metadata"]["name"]
    allowed = read_allowed_namespaces((queue.get("spec") or {}).get("allowedNamespaces"))
    fields = {"fieldSelector": f"spec.queueRef.name={name}"}
    try:
        found, _ = api.list_all(SCANJOBS, namespace if allowed == OWN_NAMESPACE else None, fields)
    except KubeRefusedError as error:
        if allowed == OWN_NAMESPACE:
            print_remark(f"Its scans cannot be shown: {error.message}")
            return []
        print_remark("Its scans of other namespaces cannot be shown; you may not list them all.")
        try:
            found, _ = api.list_all(SCANJOBS, namespace, fields)
        except KubeRefusedError as own:
            print_remark(f"Its scans cannot be shown: {own.message}")
            return []
    return [job for job in map(read_job, found) if job.queue_key == f"{namespace}/{name}"]


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
        *((title, Cell(text)) for title, text in lines_of(spec)),
        ("Created", Cell(f"{age(parse_time(meta.get('creationTimestamp')), now)} ago")),
    ]
    return [(title, cell) for title, cell in lines if cell.text]


def _held(slot: Json, now: datetime) -> str:
    """A slot that runs no ScanJob which a list could show."""
    until = parse_time(slot.get("until"))
    left = "" if until is None else f", free in {duration((until - now).total_seconds())} at most"
    node = slot.get("nodeName") or "no node"
    job = "/".join(part for part in (slot.get("namespace"), slot["scanJob"]) if part)
    return f"{job}, attempt {slot['attempt']}, on {node}{left}"
