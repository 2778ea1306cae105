"""What `scanyard why` shows: why a ScanJob waits, where it stands, what can be done; or its end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from scanyard.cli.ages import age, duration
from scanyard.cli.output import print_lines, table_width
from scanyard.cli.scans.state import last_attempt, phase_style, reason, run_seconds
from scanyard.cli.table import Cell
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.timestamps import format_optional, parse_time

Json = dict[str, Any]
Fact = tuple[str, Cell]

_TITLE: Final = 12
_WIDTH: Final = 80
_NOT_KNOWN: Final = "not known: too few runs measured, or more than slots is short"


def told(job: Job, *, exact: bool) -> Json:
    """All of it for programs; what is not known is left out. `exact` as in Answer."""
    word, message = _why(job, exact=exact)
    known = REASONS.get(word)
    whole: Json = {
        "namespace": job.namespace,
        "name": job.name,
        "phase": job.status.phase,
        "waits": job.waits,
        "exact": exact,
        "reason": word,
        "message": message,
        "means": known.means if known is not None else None,
        "mend": known.mend if known is not None else None,
        "queue": job.queue_name,
    }
    if not job.waits:
        times = {"startedAt": job.status.started_at, "finishedAt": job.status.finished_at}
        whole |= {key: format_optional(time) for key, time in times.items()}
    elif exact:
        answer = job.status.explanation or {}
        whole |= {key: value for key, value in answer.items() if key not in {"reason", "message"}}
    else:
        whole["queuePosition"] = job.status.queue_position
    return {key: value for key, value in whole.items() if value is not None}


def show(job: Job, now: datetime, *, exact: bool) -> None:
    """The same for people, within the terminal's width."""
    facts = _waiting(job, now, exact=exact) if job.waits else _not_waiting(job, now)
    print_lines(_lines([fact for fact in facts if fact[1].text], table_width() or _WIDTH))


def _waiting(job: Job, now: datetime, *, exact: bool) -> Iterator[Fact]:
    word, message = _why(job, exact=exact)
    known = REASONS.get(word)
    answer = (job.status.explanation or {}) if exact else {}
    yield "ScanJob", Cell(job.key)
    yield "Phase", Cell(f"{job.status.phase}, waits for {age(job.queued_at, now)}")
    yield "Why", Cell(word or "nobody has said yet", "bold yellow")
    yield "", Cell(message)
    if known is not None:
        yield "Means", Cell(known.means)
        yield "To do", Cell(known.mend)
    yield "Position", Cell(_position(job, answer))
    if known is not None and known.in_order and exact:
        yield "Starts", Cell(_starts(answer, now))
    yield "Looked at", Cell(_until(answer, now))
    yield "Held by", Cell(_holders(answer))
    if alike := answer.get("parkedAlike"):
        yield "Also", Cell(f"{alike} more {'waits' if alike == 1 else 'wait'} for the same")


def _not_waiting(job: Job, now: datetime) -> Iterator[Fact]:
    word, message = reason(job)
    state, attempt = job.status, last_attempt(job)
    yield "ScanJob", Cell(job.key)
    yield "Phase", Cell(state.phase, phase_style(state.phase))
    yield "Why", Cell(word, "bold")
    yield "", Cell(message)
    if known := REASONS.get(word):
        yield "Means", Cell(known.means)
        yield "To do", Cell(known.mend)
    if attempt is not None and attempt.admitted_at is not None:
        first = state.failures == 0
        waited = f", after {age(job.queued_at, attempt.admitted_at)} of waiting" if first else ""
        yield "Admitted", Cell(f"{age(attempt.admitted_at, now)} ago{waited}")
        yield "Attempt", Cell(_attempt(attempt.number, attempt.node_name))
    if attempt is not None and (ran := run_seconds(job, now)) is not None:
        yield "Ran", Cell(f"{duration(ran)} of at most {duration(job.timeout_of(attempt))}")
    if state.finished_at is not None:
        yield "Finished", Cell(f"{age(state.finished_at, now)} ago")


def _why(job: Job, *, exact: bool) -> tuple[str, str]:
    """The answer if there is one, else what was told last."""
    answer = job.status.explanation or {}
    if job.waits and exact and answer.get("reason"):
        return str(answer["reason"]), str(answer.get("message", ""))
    return reason(job)


def _position(job: Job, answer: Mapping[str, Any]) -> str:
    position = answer.get("queuePosition", job.status.queue_position)
    parts = []
    if position is not None:
        parts.append(f"{position}, the next" if position == 1 else str(position))
    elif answer:
        parts.append("none, it is kept aside")
    if "waiting" in answer:
        parts.append(
            f"{answer['waiting']} wait in queue {job.queue_name}, "
            f"{answer.get('running', 0)} of {answer.get('limit', 0)} slots are in use"
        )
    return "; ".join(parts)


def _starts(answer: Mapping[str, Any], now: datetime) -> str:
    earliest = parse_time(answer.get("estimatedStartTime"))
    latest = parse_time(answer.get("estimatedStartTimeLatest"))
    if earliest is None or latest is None:
        return _NOT_KNOWN
    soonest, longest = (max((t - now).total_seconds(), 0) for t in (earliest, latest))
    return f"probably in {duration(soonest)} to {duration(longest)}"


def _until(answer: Mapping[str, Any], now: datetime) -> str:
    until = parse_time(answer.get("until"))
    return "" if until is None else f"again in {duration((until - now).total_seconds())}"


def _holders(answer: Mapping[str, Any]) -> str:
    named = [str(name) for name in answer.get("heldBy") or ()]
    if others := answer.get("heldByOthers"):
        named.append(f"{others} more" if named else f"{others} that are not named here")
    return ", ".join(named)


def _attempt(number: int, node: str) -> str:
    return f"{number}, on node {node}" if node else str(number)


def _lines(facts: Sequence[Fact], width: int) -> Iterator[list[Cell]]:
    room = max(width - _TITLE, 20)
    for title, cell in facts:
        head = f"{title}:" if title else ""
        for line in textwrap.wrap(cell.text, room, break_long_words=False) or [""]:
            yield [Cell(f"{head:<{_TITLE}}", "bold"), Cell(line, cell.style)]
            head = ""
