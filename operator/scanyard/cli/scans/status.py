"""`scanyard status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age, duration
from scanyard.cli.completing import scanjob_names
from scanyard.cli.formats import TABLE, is_raw, output_option, print_list, print_object, print_table
from scanyard.cli.output import print_line, print_lines
from scanyard.cli.scans import findings
from scanyard.cli.scans.selection import selected
from scanyard.cli.scans.state import (
    has_succeeded,
    is_settled,
    last_attempt,
    phase_style,
    reason,
    run_seconds,
)
from scanyard.cli.table import Cell, Column, Row
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.status import Attempt

_ATTEMPTS: Final = (
    Column("ATTEMPT", right=True),
    Column("ADMITTED", right=True),
    Column("RAN", right=True),
    Column("ENDED", least=10),
    Column("NODE", least=10),
    Column("FROM", least=8),
)
_TITLE: Final = 11


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=scanjob_names)
@access_options()
@output_option(TABLE)
def status(*, names: tuple[str, ...], access: Access, output: str) -> int:
    """Show what scans are to do, how they fare, and what they found."""
    wish = selected(names, "", everything=False)
    jobs, all_there = wish.read(access.api(), access)
    if is_raw(output):
        # One object for one name, as `kubectl get`.
        print_object(jobs[0], output) if len(names) == len(jobs) == 1 else print_list(jobs, output)
    else:
        now = datetime.now(UTC)
        for i, raw in enumerate(jobs):
            if i:
                print_line("")
            _show(read_job(raw), now)
    return exit_codes.OK if all_there else exit_codes.FAILED


def _show(job: Job, now: datetime) -> None:
    print_lines([Cell(f"{title + ':':<{_TITLE}}", "bold"), cell] for title, cell in facts(job, now))
    if job.status.attempts:
        print_line("")
        print_table(_ATTEMPTS, [_row(attempt, now) for attempt in job.status.attempts])
    if rows := findings.rows(job.status.summary or {}):
        print_line("")
        print_table(findings.COLUMNS, rows)


def facts(job: Job, now: datetime) -> list[tuple[str, Cell]]:
    """Title and text of each line, without those that have nothing to tell."""
    # Of a success the counts below tell all.
    word, message = ("", "") if has_succeeded(job) else reason(job)
    state = job.status
    ran = run_seconds(job, now)
    told = [
        ("ScanJob", Cell(job.key)),
        ("Phase", Cell(_phase(job), phase_style(state.phase))),
        ("Reason", Cell(f"{word}: {message}" if message else word)),
        ("Scanner", Cell(_scanner(job))),
        ("Targets", Cell(_some(job.spec.get("targets") or []))),
        ("Excluded", Cell(_some(job.spec.get("excludeTargets") or []))),
        ("Ports", Cell(_ports(job))),
        ("Queue", Cell(f"{job.queue_text}, priority {job.priority}")),
        ("Position", Cell("" if state.queue_position is None else str(state.queue_position))),
        ("Wanted", Cell(_wishes(job), "yellow")),
        ("Created", Cell(f"{age(job.created, now)} ago{_by(job)}")),
        ("Started", Cell(f"{age(state.started_at, now)} ago" if state.started_at else "")),
        ("Finished", Cell(f"{age(state.finished_at, now)} ago" if state.finished_at else "")),
        ("Ran", Cell("" if ran is None else duration(ran))),
        ("Timeout", Cell(_timeout(job))),
        ("Retry", Cell(f"in {duration((state.retry_at - now).total_seconds())}"
                       if state.retry_at and state.retry_at > now else "")),
        ("Failures", Cell(f"{state.failures} of {job.retry.max_attempts}"
                          if state.failures else "")),
        ("Found", Cell(findings.in_brief(state.summary) if state.summary else "")),
    ]  # fmt: skip
    return [(title, cell) for title, cell in told if cell.text]


def _by(job: Job) -> str:
    return f" by {job.requested_by}" if job.requested_by else ""


def _timeout(job: Job) -> str:
    """That of the newest attempt, and where it comes from; before it, what the ScanJob states."""
    last = last_attempt(job)
    if last is not None:
        basis = f" ({last.timeout_basis})" if last.timeout_basis else ""
        return duration(job.timeout_of(last)) + basis
    stated = job.timeout_seconds
    return job.timeout_policy or "" if stated is None else duration(stated)


def _phase(job: Job) -> str:
    progress = job.status.progress
    running = job.status.phase in {"Starting", "Running"}
    return f"{job.status.phase}, {progress} %" if running and progress else job.status.phase


def _scanner(job: Job) -> str:
    options = job.spec.get(job.scanner) or {}
    said = [_option(key, value) for key, value in options.items() if value not in (False, [], "")]
    return ", ".join([job.scanner, *said])


def _option(key: str, value: object) -> str:
    if value is True:
        return key
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return f"{key} {value}"


def _ports(job: Job) -> str:
    ports = job.spec.get("ports") or {}
    return ", ".join(f"{protocol} {text}" for protocol, text in ports.items())


def _wishes(job: Job) -> str:
    """What its user asked for and has not come about yet."""
    if job.rerun_wanted:
        return "to run again"
    if is_settled(job) or job.status.phase == "Suspended":
        return ""
    return ", ".join(word for word, on in (("cancel", job.cancel), ("suspend", job.suspend)) if on)


def _some(items: list[str]) -> str:
    shown = ", ".join(items[:4])
    return f"{shown} and {len(items) - 4} more" if len(items) > 4 else shown


def _row(attempt: Attempt, now: datetime) -> Row:
    began, end = attempt.started_at, attempt.ended_at
    ran = "" if began is None else duration(((end or now) - began).total_seconds())
    return (
        str(attempt.number),
        f"{age(attempt.admitted_at, now)} ago" if attempt.admitted_at else "",
        ran,
        attempt.reason if end else "",
        attempt.node_name,
        attempt.source_address,
    )
