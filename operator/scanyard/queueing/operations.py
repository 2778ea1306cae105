"""What the leader asks the ledger to do; every operation is harmless when it is repeated.

`queue` is "namespace/name", `job` is "namespace/name/uid", `attempt` is "uid/shard/number",
`score` comes from `order_score`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scanyard.queueing.keys import checked_text


class OpResult(StrEnum):
    """What became of one operation."""

    QUEUED = "QUEUED"
    PARKED = "PARKED"
    DROPPED = "DROPPED"
    ABSENT = "ABSENT"
    TAKEN = "TAKEN"
    FULL = "FULL"
    INSTALLATION_FULL = "INSTALLATION_FULL"
    NAMESPACE_FULL = "NAMESPACE_FULL"
    NOT_WAITING = "NOT_WAITING"
    ADOPTED = "ADOPTED"
    HOLDING = "HOLDING"
    RELEASED = "RELEASED"
    REQUEUED = "REQUEUED"
    NOT_HELD = "NOT_HELD"


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put a job into a queue's order, from wherever it waited or was parked.

    QUEUED, or HOLDING (refused) if it holds a slot.
    """

    queue: str
    job: str
    score: float

    def __post_init__(self) -> None:
        _check(self.score, queue=self.queue, job=self.job)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("enqueue", self.queue, self.job, repr(self.score))


@dataclass(frozen=True, slots=True)
class Park:
    """Put a job aside under the blocker that keeps it from going; Enqueue brings it back.

    PARKED, or HOLDING (refused) if it holds a slot.
    """

    queue: str
    job: str
    blocker: str
    score: float

    def __post_init__(self) -> None:
        _check(self.score, queue=self.queue, job=self.job, blocker=self.blocker)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("park", self.queue, self.job, self.blocker, repr(self.score))


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget a waiting or parked job: DROPPED, ABSENT, or HOLDING (refused)."""

    job: str

    def __post_init__(self) -> None:
        _check(job=self.job)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("drop", self.job)


@dataclass(frozen=True, slots=True)
class Take:
    """Take a slot for a job that waits in this queue's order, if the limits leave one.

    TAKEN (also if the job holds a slot of this queue with exactly this attempt), NOT_WAITING,
    FULL, INSTALLATION_FULL, or NAMESPACE_FULL (of the jobs of this queue and this job's namespace).
    `installation_limit` and `namespace_limit` 0 mean that there is none; `queue_limit` 0 means no
    slots.
    """

    queue: str
    job: str
    attempt: str
    queue_limit: int
    installation_limit: int = 0
    namespace_limit: int = 0

    def __post_init__(self) -> None:
        _check(queue=self.queue, job=self.job, attempt=self.attempt)
        if min(self.queue_limit, self.installation_limit, self.namespace_limit) < 0:
            raise ValueError(f"limits must not be negative: {self}")

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        limits = (self.queue_limit, self.installation_limit, self.namespace_limit)
        return ("take", self.queue, self.job, self.attempt, *map(str, limits))


@dataclass(frozen=True, slots=True)
class Adopt:
    """Hold a slot for an attempt that the API says is admitted, whatever the limit.

    ADOPTED, or HOLDING (refused) if the job holds a slot with another attempt or queue.
    """

    queue: str
    job: str
    attempt: str

    def __post_init__(self) -> None:
        _check(queue=self.queue, job=self.job, attempt=self.attempt)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("adopt", self.queue, self.job, self.attempt)


@dataclass(frozen=True, slots=True)
class Release:
    """Give an attempt's slot back and forget the job: RELEASED, or NOT_HELD (nothing changed)."""

    queue: str
    job: str
    attempt: str

    def __post_init__(self) -> None:
        _check(queue=self.queue, job=self.job, attempt=self.attempt)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("release", self.queue, self.job, self.attempt)


@dataclass(frozen=True, slots=True)
class Requeue:
    """Give an attempt's slot back and let the job wait again, in one step.

    REQUEUED, or NOT_HELD (nothing changed).
    """

    queue: str
    job: str
    attempt: str
    score: float

    def __post_init__(self) -> None:
        _check(self.score, queue=self.queue, job=self.job, attempt=self.attempt)

    def arguments(self) -> tuple[str, ...]:
        """Name and fields as the scripts read them."""
        return ("requeue", self.queue, self.job, self.attempt, repr(self.score))


Operation = Enqueue | Park | Drop | Take | Adopt | Release | Requeue
#: What a rebuild is made of: one for each job, saying its place.
Placement = Enqueue | Park | Adopt


def _check(score: float = 0.0, **texts: str) -> None:
    for what, text in texts.items():
        checked_text(what, text)
    if not math.isfinite(score):
        raise ValueError(f"a score must be finite, got {score}")
