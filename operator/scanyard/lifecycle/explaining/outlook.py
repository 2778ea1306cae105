"""Where a waiting ScanJob stands as far as the ledger told just now, and who asks why it waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scanyard.lifecycle.status import JobStatus


@dataclass(frozen=True, slots=True)
class Outlook:
    """`position`: its place in its queue's order, 1 is next; None: it has none, or is far back.

    `earliest` and `latest`: between when it probably starts; both None where nothing tells.
    """

    position: int | None = None
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The annotation that asks, when it was looked at, and what its answer tells beside.

    `waiting`, `running`, `limit`: of its queue, None without one. `holders`: ScanJobs of its own
    namespace that have what it waits for, and how many others have. `parked_alike`: how many more
    are kept aside for the same. `trouble`: why nothing at all is admitted.
    """

    token: str
    at: datetime
    waiting: int | None = None
    running: int | None = None
    limit: int | None = None
    holders: tuple[str, ...] = ()
    other_holders: int = 0
    parked_alike: int = 0
    trouble: str = ""


def placed(status: JobStatus, outlook: Outlook) -> JobStatus:
    """The status with this place in the order."""
    return replace(
        status,
        queue_position=outlook.position,
        estimated_start=outlook.earliest,
        estimated_start_latest=outlook.latest,
    )


def waits_no_more(status: JobStatus) -> JobStatus:
    """The status without its place; of an answer only which question it was, lest it come twice."""
    answer = status.explanation
    if answer is not None:
        answer = {key: answer[key] for key in ("token", "at") if key in answer}
    return replace(placed(status, Outlook()), explanation=answer)
