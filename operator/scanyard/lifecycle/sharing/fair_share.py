"""Whose turn it is by what each namespace runs: fair parts of a queue's slots.

The part of a namespace: as many slots as are in use, and the one to be given, divided by weight
among the namespaces that have anything in the queue, but none less than one; where there are not
so many slots, all are alike. The next slot goes to a namespace of which nothing runs, else to the
one that is furthest below its part, else (those below have nothing to do) to the one that runs
least for its weight.

By the running share alone (what runs ÷ weight) many namespaces of little weight would round up
together, and one of much weight would miss several slots. Parts are of the slots in use, not of
`maxConcurrent`: packets or the installation may allow less.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

DEFAULT_WEIGHT: Final = 1
#: The rank of a namespace of which nothing runs: before all others.
NOTHING_RUNS: Final = -1e6


class FairShares:
    """The parts of so many slots for so many namespaces; `weights`: of those that do not weigh 1.

    Every namespace in `weights` is one of them.
    """

    def __init__(self, slots: int, namespaces: int, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._alike = slots <= namespaces
        self._numerator, self._denominator = slots, max(namespaces, 1)
        if not self._alike:
            self._divide(slots, namespaces)

    def _divide(self, slots: int, namespaces: int) -> None:
        """Whose part by weight is below one gets one; that leaves less for the heavier."""
        light, named = namespaces - len(self._weights), sorted(self._weights.values())
        self._denominator = light * DEFAULT_WEIGHT + sum(named)
        if light and DEFAULT_WEIGHT * slots < self._denominator:
            self._numerator -= light
            self._denominator -= light * DEFAULT_WEIGHT
        for weight in named:
            if weight * self._numerator >= self._denominator:
                break
            self._numerator -= 1
            self._denominator -= weight

    def part(self, namespace: str) -> Fraction:
        """Its fair part, in slots."""
        return Fraction(*self._part(self._weight(namespace)))

    def rank(self, namespace: str, running: int) -> float:
        """The lower the sooner."""
        if not running:
            return NOTHING_RUNS
        weight = self._weight(namespace)
        numerator, denominator = self._part(weight)
        missing = numerator - running * denominator
        return -missing / denominator if missing > 0 else (running + 0.5) / weight

    def _weight(self, namespace: str) -> int:
        return self._weights.get(namespace, DEFAULT_WEIGHT)

    def _part(self, weight: int) -> tuple[int, int]:
        if self._alike:
            return self._numerator, self._denominator
        by_weight = weight * self._numerator
        return (by_weight, self._denominator) if by_weight > self._denominator else (1, 1)
