"""The screen of `scanyard top`: what fits, from what is known now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from scanyard.cli.ages import age
from scanyard.cli.queues.listing import state
from scanyard.cli.scans.state import phase_style
from scanyard.cli.table import Cell, Column, Row, cut_in_the_middle, laid_out
from scanyard.lifecycle.job import Job

Json = dict[str, Any]
Line = list[Cell]

_QUEUES: Final = (
    Column("QUEUE", least=12),
    Column("RUNNING", right=True),
    Column("LIMIT", right=True),
    Column("WAITING", right=True),
    Column("OLDEST", right=True),
    Column("STATE"),
)
_SCANS: Final = (
    Column("SCAN", least=14),
    Column("QUEUE", least=8),
    Column("PHASE"),
    Column("PROGRESS"),
    Column("NODE", least=8),
    Column("AGE", right=True),
)
_BAR: Final = 10
#: Title, blank lines, and the scans' own titles; the rest of the screen is for rows.
_FRAME: Final = 5
_FEWEST_SCANS: Final = 3


@dataclass(frozen=True, slots=True)
class Size:
    """Of the terminal."""

    width: int
    height: int


@dataclass(slots=True)
class _Counts:
    running: int = 0
    waiting: int = 0
    oldest: datetime | None = None


def drawn(
    queues: Iterable[Json],
    jobs: Sequence[Job],
    *,
    now: datetime,
    size: Size,
    where: str,
    trouble: str,
    everywhere: bool,
) -> list[Line]:
    """At most as many lines as the screen has, none wider."""
    live = [job for job in jobs if not job.status.finished or job.rerun_wanted]
    running = [job for job in live if job.status.open_attempt is not None]
    running.sort(key=lambda job: (_since(job), job.key))
    rows = _queue_rows(queues, live, now, everywhere=everywhere)
    head = [_title(len(running), len(live) - len(running), now, size, where)]
    head.append([Cell(trouble, "yellow")] if trouble else [])
    room = max(size.height - _FRAME, 2)
    shown = rows[: max(room - min(len(running), _FEWEST_SCANS), 1)]
    lines = [*head, *laid_out(_QUEUES, shown, size.width)]
    if len(shown) < len(rows):
        lines.append([Cell(f"… {len(rows) - len(shown)} more queues", "dim")])
    lines.append([])
    lines += _scans(running, now, size, size.height - len(lines), everywhere=everywhere)
    return [_cropped(line, size.width) for line in lines[: size.height]]


def _title(running: int, waiting: int, now: datetime, size: Size, where: str) -> Line:
    left = f"scanyard top: {running} running, {waiting} waiting in {where}"
    right = f"{now:%H:%M:%S} UTC  q: quit"
    room = size.width - len(right) - 1
    left = cut_in_the_middle(left, max(room, 0))
    return [Cell(left, "bold"), Cell(" " * max(room - len(left) + 1, 1)), Cell(right, "dim")]


def _queue_rows(
    queues: Iterable[Json], live: Iterable[Job], now: datetime, *, everywhere: bool
) -> list[Row]:
    known = {_key(raw): raw for raw in queues}
    counts = {key: _Counts() for key in known}
    for job in live:
        found = counts.setdefault(job.queue_key, _Counts())
        if job.status.open_attempt is not None:
            found.running += 1
        elif job.status.phase != "Suspended":
            found.waiting += 1
            found.oldest = min(job.queued_at, found.oldest or job.queued_at)
    return [_queue_row(key, known.get(key), counts[key], now, everywhere) for key in sorted(counts)]


def _queue_row(key: str, raw: Json | None, found: _Counts, now: datetime, everywhere: bool) -> Row:
    spec: Mapping[str, Any] = {} if raw is None else raw.get("spec") or {}
    limit = spec.get("maxConcurrent")
    full = limit is not None and found.running >= limit
    return [
        key if everywhere else key.partition("/")[2],
        Cell(str(found.running), "cyan" if full and found.running else ""),
        "?" if limit is None else str(limit),
        str(found.waiting),
        age(found.oldest, now) or "-",
        Cell("Missing", "yellow") if raw is None else state(raw),
    ]


def _scans(
    running: Sequence[Job], now: datetime, size: Size, room: int, *, everywhere: bool
) -> list[Line]:
    if not running:
        return [[Cell("No scan runs.", "dim")]]
    fit = room - 1
    shown = running if len(running) <= fit else running[: max(fit - 1, 0)]
    lines = laid_out(_SCANS, [_scan(job, now, everywhere=everywhere) for job in shown], size.width)
    if len(shown) < len(running):
        lines.append([Cell(f"… {len(running) - len(shown)} more", "dim")])
    return lines


def _scan(job: Job, now: datetime, *, everywhere: bool) -> Row:
    attempt = job.status.open_attempt
    node = attempt.node_name if attempt is not None else ""
    return [
        job.key if everywhere else job.name,
        job.queue_text,
        Cell(job.status.phase, phase_style(job.status.phase)),
        _bar(job.status.progress or 0),
        node or "-",
        age(_since(job), now),
    ]


def _bar(percent: int) -> str:
    full = percent * _BAR // 100
    return f"{'█' * full}{'░' * (_BAR - full)} {percent:>3}%"


def _since(job: Job) -> datetime:
    """When its attempt started, or was admitted."""
    attempt = job.status.open_attempt
    if attempt is None:
        return job.queued_at
    return attempt.started_at or attempt.admitted_at or job.queued_at


def _key(raw: Json) -> str:
    return f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"


def _cropped(line: Line, width: int) -> Line:
    kept: Line = []
    for cell in line:
        room = width - sum(len(piece.text) for piece in kept)
        if room <= 0:
            break
        kept.append(Cell(cell.text[:room], cell.style))
    return kept
