"""Replies of the scripts (arrays of strings, see lua/*.lua) as typed readings."""

from __future__ import annotations

from typing import Any

from scanyard.queueing.operations import OpResult
from scanyard.queueing.readings import (
    Entry,
    EntryPage,
    Head,
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
    heads = zip(queue[3::2], queue[4::2], strict=True)
    return QueueHeads(
        waiting=int(queue[0]),
        parked=int(queue[1]),
        running=int(queue[2]),
        heads=tuple(Head(job, float(score)) for job, score in heads),
    )


def parked(reply: list[Any]) -> tuple[ParkedJob, ...]:
    """[OK, queue, job, score, …] of parked.lua."""
    fields = zip(reply[1::3], reply[2::3], reply[3::3], strict=True)
    return tuple(ParkedJob(queue, job, float(score)) for queue, job, score in fields)


def entry_page(reply: list[Any], generation: int) -> EntryPage:
    """[OK, cursor, job, kind, queue, detail, …] of scan.lua."""
    fields = zip(reply[2::4], reply[3::4], reply[4::4], reply[5::4], strict=True)
    return EntryPage(
        entries=tuple(
            Entry(job, _KINDS[kind], queue, detail) for job, kind, queue, detail in fields
        ),
        next=None if reply[1] == "0" else ScanCursor(generation, reply[1]),
    )
