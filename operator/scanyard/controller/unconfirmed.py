"""How many slots each queue keeps for scans of which nobody knows whether they still run."""

from __future__ import annotations

from collections import Counter

from scanyard.lifecycle.decision import SLOT_HELD
from scanyard.lifecycle.job import Job


class Unconfirmed:
    """Open attempts whose ScanJob says so, by queue; counted as ScanJobs change."""

    def __init__(self) -> None:
        self._by_queue: Counter[str] = Counter()

    def of_queue(self, queue: str) -> int:
        """Of the queue with that key."""
        return self._by_queue[queue]

    def news(self, before: Job | None, after: Job | None) -> None:
        """A ScanJob came, changed or went."""
        for job, change in ((before, -1), (after, 1)):
            if job is None or (queue := _queue_of(job)) is None:
                continue
            self._by_queue[queue] += change
            if not self._by_queue[queue]:
                del self._by_queue[queue]


def _queue_of(job: Job) -> str | None:
    told, attempt = job.status.condition("Reconciling"), job.status.open_attempt
    if attempt is None or told is None or told.reason != SLOT_HELD:
        return None
    return attempt.queue
