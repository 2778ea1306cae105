"""Whether the watches still tell what happens: the operator's own writes must come back by them.

A cluster in which nothing happens has no events, and neither has a watch that went dead unnoticed;
but whoever writes knows that there must be one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: So many writes are remembered at most; with more under way the oldest still tells.
_REMEMBERED: Final = 10_000


class WatchLag:
    """The writes to objects of one kind whose event has not come yet, oldest first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrote: dict[str, tuple[int, float]] = {}

    def wrote(self, uid: str, version: int) -> None:
        """The API server has answered a write of ours with that version, unknown until then."""
        first = self._wrote.pop(uid, None)
        if first is not None or len(self._wrote) < _REMEMBERED:
            # An earlier write of the same object that has not come back makes it no younger.
            at = self._clock() if first is None else first[1]
            self._wrote[uid] = (version, at)

    def heard(self, uid: str, version: int, *, deleted: bool = False) -> None:
        """The watch told of the object."""
        wrote = self._wrote.get(uid)
        if wrote is not None and (deleted or version >= wrote[0]):
            del self._wrote[uid]

    def forget(self, uid: str) -> None:
        """The object is gone, as a list says: no event will come."""
        self._wrote.pop(uid, None)

    def seconds(self) -> float:
        """For how long the oldest of them has been missing; 0 if none is."""
        return max((self._clock() - at for _, at in self._wrote.values()), default=0.0)
