"""Capped, jittered back-off: one rule for everything that is tried again."""

from __future__ import annotations

import random


def delay(failures: int, *, first: float = 0.05, longest: float = 30.0) -> float:
    """Seconds to wait after so many failures in a row: doubled, capped, and up to half less."""
    ceiling: float = min(first * 2.0 ** min(failures, 20), longest)
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret


class Backoff:
    """Counts the failures of one loop."""

    def __init__(self, *, first: float = 0.1, longest: float = 10.0) -> None:
        self._first, self._longest = first, longest
        self.failures = 0

    def reset(self) -> None:
        """It worked."""
        self.failures = 0

    def next_delay(self) -> float:
        """It failed once more: seconds to wait."""
        self.failures += 1
        return delay(self.failures, first=self._first, longest=self._longest)
