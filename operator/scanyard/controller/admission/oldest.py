"""Since when the longest waiting of each queue has been waiting for a slot."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Final

_SLACK: Final = 64


class Oldest:
    """A heap for each queue; whoever waits no more is dropped when it comes to the top.

    `is_waiting` tells whether a ScanJob (uid) waits in the order of a queue, and for nothing else.
    """

    def __init__(self, is_waiting: Callable[[str, str], bool]) -> None:
        self._is_waiting = is_waiting
        self._heaps: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self._most: dict[str, int] = {}

    def began(self, queue: str, uid: str, queued_at: datetime) -> None:
        """It waits for a slot from now on; `queued_at` is since when it could have run."""
        heap = self._heaps[queue]
        heapq.heappush(heap, (queued_at, uid))
        if len(heap) > self._most.get(queue, _SLACK):
            # Who came and went often is in it as often; half of it is new each time.
            heap[:] = sorted({entry for entry in heap if self._is_waiting(entry[1], queue)})
            self._most[queue] = 2 * len(heap) + _SLACK

    def of_queue(self, queue: str) -> datetime | None:
        """None: nobody waits for a slot."""
        heap = self._heaps.get(queue)
        while heap:
            if self._is_waiting(heap[0][1], queue):
                return heap[0][0]
            heapq.heappop(heap)
        return None

    def forget_queue(self, queue: str) -> None:
        """The queue is gone."""
        self._heaps.pop(queue, None)
        self._most.pop(queue, None)
