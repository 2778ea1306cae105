"""What the ledger tells when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanyard.queueing.keys import checked_text


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
class Ranks:
    """Which namespaces of a queue come first: those of the lowest rank.

    `rank` is that of all that `named` does not name; of those, None is not read at all.
    """

    rank: float = 0.0
    named: Mapping[str, float | None] = field(default_factory=dict)

    def of(self, namespace: str) -> float | None:
        """The rank of a namespace."""
        return self.named.get(namespace, self.rank)

    def arguments(self) -> Iterator[str]:
        """The words that lanes.lua reads."""
        # Of a Pod that does not say whose it is; nobody waits there.
        named = {namespace: rank for namespace, rank in self.named.items() if namespace}
        yield repr(self.rank)
        yield str(len(named))
        for namespace, rank in named.items():
            yield checked_text("namespace", namespace)
            yield "-" if rank is None else repr(rank)


@dataclass(frozen=True, slots=True)
class Lane:
    """The first of one namespace's waiting jobs in a queue, soonest first."""

    namespace: str
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Lanes by rank, score and text of their first; `left_out`: the same of the first not read."""

    lanes: tuple[Lane, ...]
    left_out: tuple[float, float, str] | None = None


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
