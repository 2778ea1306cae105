"""What the ledger tells when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Head:
    """One of the next in a list: a job and its score."""

    job: str
    score: float


@dataclass(frozen=True, slots=True)
class QueueHeads:
    """Counts of a queue, and the first of its order, soonest first."""

    waiting: int
    parked: int
    running: int
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class ParkedJob:
    """One job parked under a blocker, and the queue that it belongs to."""

    queue: str
    job: str
    score: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of the whole installation: all jobs in the ledger, and those that hold a slot."""

    jobs: int
    running: int


class PlaceKind(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    PARKED = "parked"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class Entry:
    """One job of the ledger; `detail` is the blocker of a parked, the attempt of a holding one."""

    job: str
    kind: PlaceKind
    queue: str
    detail: str


@dataclass(frozen=True, slots=True)
class ScanCursor:
    """Where a sweep over the ledger stands; `generation` tells a ledger rebuilt meanwhile."""

    generation: int
    position: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, and how to go on (None: that was all)."""

    entries: tuple[Entry, ...]
    next: ScanCursor | None
