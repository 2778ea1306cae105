"""When a waiting scan will probably start: the queue's future, replayed from its own run times.

Nobody knows how long a scan takes, so the answer is a range, and none at all where little is known.

The formula. Slots come free as scans end, and each is given to the next in order. That is replayed
up to 60 times, with chance from a fixed seed, so that the same facts give the same answer:

1. Run times (of a slot, from admission to end) are drawn from a resample of the last ones measured
   in this queue, each divided or multiplied by up to 1.3, where fewer than 20 are known by up to 2:
   few of them tell little, and none of those to come will be one of them.
2. A scan that has run for e seconds ends after a run time drawn from those longer than e; if none
   was, at any time until its deadline.
3. The n-th in order starts at the n-th end; its own end, drawn likewise, is one more.

The range is from the 3rd to the 97th percentile of its starts, which holds the start of at least
80 in 100 (a promise below 94, since run times change; tests/unit/lifecycle/test_estimate.py).
Beyond 400 in order, the mean M and the deviation D of k run times in c slots tell enough:
n·M/c, give or take 2·D/c·√(n·(1 + n/k)) + M + D.

It knows nothing of scans yet to come, of shared budgets, or of a queue that is going to be held.
"""

from __future__ import annotations

import heapq
import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Final

#: Fewer measured run times tell nothing.
LEAST_RUNS: Final = 8
#: Positions that are replayed.
REPLAYED: Final = 400
#: More slots than these are not replayed: there, nobody waits for long.
MOST_SLOTS: Final = 500
_MOST_REPLAYS, _LEAST_REPLAYS = 60, 20
#: Draws of one estimate, some milliseconds.
_DRAWS: Final = 12_000
_LOW, _HIGH = 0.03, 0.97
#: A run time stands for others that are up to so many times as long, or as short.
_ALIKE, _ALIKE_OF_FEW, _MANY_RUNS = 1.3, 2.0, 20
_SEED: Final = 20_260_301


@dataclass(frozen=True, slots=True)
class Runner:
    """A scan that holds a slot: for how many seconds it has, and at most how many it has left."""

    seconds: float
    most_left: float


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds from now between which it probably starts."""

    earliest: float
    latest: float


def starts(run_seconds: Sequence[float], running: Sequence[Runner], count: int) -> list[Range]:
    """For each of the first `count` in order; empty where nothing can be told.

    run_seconds: those measured. running: all that hold slots, of which none is free.
    """
    count = min(count, REPLAYED)
    slots = len(running)
    if len(run_seconds) < LEAST_RUNS or not 0 < slots <= MOST_SLOTS or count < 1:
        return []
    replays = max(_LEAST_REPLAYS, min(_MOST_REPLAYS, _DRAWS // (slots + count)))
    chance = random.Random(_SEED)  # noqa: S311 - it must be the same each time
    played = [_replay(chance, run_seconds, running, count) for _ in range(replays)]
    return [_range(sorted(times)) for times in zip(*played, strict=True)]


def start_of(
    run_seconds: Sequence[float], running: Sequence[Runner], position: int
) -> Range | None:
    """For one position, however far back; None where nothing can be told."""
    if position <= REPLAYED:
        found = starts(run_seconds, running, position)
        return found[-1] if found else None
    runs, slots = len(run_seconds), len(running)
    if runs < LEAST_RUNS or slots < 1:
        return None
    mean, deviation = fmean(run_seconds), pstdev(run_seconds)
    middle = position * mean / slots
    spread = 2 * deviation / slots * math.sqrt(position * (1 + position / runs)) + mean + deviation
    return Range(max(0.0, middle - spread), middle + spread)


def _replay(
    chance: random.Random, run_seconds: Sequence[float], running: Sequence[Runner], count: int
) -> list[float]:
    """When the first `count` start, once."""
    measured = chance.choices(run_seconds, k=len(run_seconds))
    alike = _ALIKE if len(measured) >= _MANY_RUNS else _ALIKE_OF_FEW
    runs = sorted(seconds * chance.uniform(1 / alike, alike) for seconds in measured)
    ends = [_left(chance, runs, runner) for runner in running]
    heapq.heapify(ends)
    times = []
    for _ in range(count):
        start = ends[0]
        times.append(start)
        heapq.heapreplace(ends, start + chance.choice(runs))
    return times


def _left(chance: random.Random, runs: Sequence[float], runner: Runner) -> float:
    longer = bisect_right(runs, runner.seconds)
    most = max(runner.most_left, 0.0)
    if longer == len(runs):
        return chance.uniform(0.0, most)
    return min(runs[chance.randrange(longer, len(runs))] - runner.seconds, most)


def _range(times: Sequence[float]) -> Range:
    last = len(times) - 1
    return Range(times[math.floor(_LOW * last)], times[math.ceil(_HIGH * last)])
