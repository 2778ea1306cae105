"""Keys and when each is due; what is not due costs nothing."""

from __future__ import annotations

import heapq
from datetime import datetime


class Timetable:
    """A heap of times; a key has one at most."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._at: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: str, at: datetime | None) -> None:
        """The key is due then, whatever was said before; None: never."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            heapq.heappush(self._heap, (at, key))

    def pop_due(self, now: datetime) -> str | None:
        """Take out the key that has been due for longest; None: none is due."""
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            # Another time was set meanwhile, or none.
            if self._at.get(key) == at:
                del self._at[key]
                return key
        return None
