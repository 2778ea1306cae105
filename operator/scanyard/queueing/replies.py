"""Replies of the scripts (arrays of strings, see lua/*.lua) as typed readings."""

from __future__ import annotations

from typing import Any

from scanyard.queueing.operations import OpResult
from scanyard.queueing.readings import (
    Entry,
    EntryPage,
    Head,
    Lane,
    Lanes,
    ParkedJob,
    PlaceKind,
    QueueHeads,
    ScanCursor,
    Totals,
)

_KINDS = {"w": PlaceKind.WAITING, "p": PlaceKind.PARKED, "h": PlaceKind.HOLDING}


def results(reply: list[Any]) -> list[OpResult]:
    """[OK, "TAKEN FULL …"] of apply.lua."""
    return [OpResult(word) for word in reply[1].split(" ")]


def totals(reply: list[Any]) -> Totals:
    """[OK, jobs, holding, …] of heads.lua."""
    return Totals(jobs=int(reply[1]), running=int(reply[2]))


def queue_heads(queue: list[str]) -> QueueHeads:
    """[waiting, parked, running, job, score, …], one queue of heads.lua."""
    return QueueHeads(
        waiting=int(queue[0]),
        parked=int(queue[1]),
        running=int(queue[2]),
        heads=_heads(queue[3:]),
    )


def lanes(queue: list[list[str]]) -> Lanes:
    """[[namespace, job, score, …], …, [rank, score, lane] or []], one queue of lanes.lua."""
    *found, left_out = queue
    return Lanes(
        lanes=tuple(Lane(lane[0], _heads(lane[1:])) for lane in found),
        left_out=(float(left_out[0]), float(left_out[1]), left_out[2]) if left_out else None,
    )


def _heads(texts: list[str]) -> tuple[Head, ...]:
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return tuple(Head(job, float(score)) for job, score in pairs)


def parked(reply: list[Any]) -> tuple[ParkedJob, ...]:
    """[OK, queue, job, score, …] of parked.lua."""
    fields = zip(reply[1::3], reply[2::3], reply[3::3], strict=True)
    return tuple(ParkedJob(queue, job, float(score)) for queue, job, score in fields)


def ranks(reply: list[Any]) -> list[int | None]:
    """[OK, how many go before or "", …] of ranks.lua."""
    return [int(text) if text else None for text in reply[1:]]


def entry_page(reply: list[Any], generation: int) -> EntryPage:
    """[OK, cursor, job, kind, queue, detail, …] of scan.lua."""
    fields = zip(reply[2::4], reply[3::4], reply[4::4], reply[5::4], strict=True)
    return EntryPage(
        entries=tuple(
            Entry(job, _KINDS[kind], queue, detail) for job, kind, queue, detail in fields
        ),
        next=None if reply[1] == "0" else ScanCursor(generation, reply[1]),
    )
