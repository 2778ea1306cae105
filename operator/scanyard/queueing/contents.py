"""What a rebuilt ledger shall hold, worked out from the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from scanyard.queueing.operations import Placement


class LedgerContents:
    """One placement for each job: Enqueue (waiting), Park (parked) or Adopt (holding a slot).

    Raises ValueError if a job has two places, which no ledger can hold.
    """

    def __init__(self, placements: Iterable[Placement] = ()) -> None:
        self._placements: dict[str, Placement] = {}
        for placement in placements:
            other = self._placements.setdefault(placement.job, placement)
            if other is not placement:
                raise ValueError(f"a job has one place only: {other} and {placement}")

    def __len__(self) -> int:
        return len(self._placements)

    def __iter__(self) -> Iterator[Placement]:
        return iter(self._placements.values())

    def chunks(self, size: int) -> Iterator[Sequence[Placement]]:
        """Yield all placements, at most `size` at a time."""
        placements = iter(self._placements.values())
        while chunk := tuple(islice(placements, size)):
            yield chunk
