"""How long the last attempts of each queue held their slots.

Learned from whatever the mirror hears of, so that a new leader knows it from its first list. What
is kept is bounded: the newest attempts of the queues that were used last.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.status import Attempt

_KEPT: Final = 64
_QUEUES: Final = 1000


class RunTimes:
    """Seconds from admission to end, by queue."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, list[tuple[datetime, str, float]]] = OrderedDict()

    def of(self, queue: str) -> Sequence[float]:
        """The last ones, in no order."""
        return [seconds for _, _, seconds in self._newest.get(queue, ())]

    def learn(self, before: Job | None, after: Job) -> None:
        """Take in the attempts that have ended since."""
        known = () if before is None else before.status.attempts
        if after.status.attempts == known:
            return
        ended = {attempt.number for attempt in known if attempt.ended_at is not None}
        for attempt in after.status.attempts:
            if attempt.number not in ended:
                self._learn(f"{after.uid}/{attempt.number}", attempt)

    def _learn(self, key: str, attempt: Attempt) -> None:
        admitted, ended = attempt.admitted_at, attempt.ended_at
        if admitted is None or ended is None or attempt.started_at is None:
            return  # it has not ended, or never ran
        newest = self._newest.setdefault(attempt.queue, [])
        self._newest.move_to_end(attempt.queue)
        seconds = max((ended - admitted) / timedelta(seconds=1), 0.1)
        heapq.heappush(newest, (ended, key, seconds))
        if len(newest) > _KEPT:
            heapq.heappop(newest)
        if len(self._newest) > _QUEUES:
            self._newest.popitem(last=False)
