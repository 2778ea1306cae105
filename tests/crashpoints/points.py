"""Where the operator is struck, and how: a request of a scenario, and what happens to it.

The requests of each scenario stand in requests.json, as counted in a run without faults; a test
of its own fails when the operator makes others.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

#: How many of each kind of request a scenario makes.
Requests = Mapping[str, int]

_FILE: Final = Path(__file__).with_name("requests.json")
REDIS: Final = "redis-"
#: The variants that are tried where not all are: as many as go into a minute or two.
_SAMPLE, _SEED = 60, 20260104


class Moment(StrEnum):
    """What happens to the request, and so to whoever made it."""

    KILL_BEFORE = "kill-before"
    KILL_AFTER = "kill-after"
    TIMED_OUT = "timed-out"
    CUT = "cut"
    CONFLICT = "answer-409"
    TOO_MANY = "answer-429"
    SERVER_ERROR = "answer-500"
    LOADING = "answer-loading"


KILLS: Final = (Moment.KILL_BEFORE, Moment.KILL_AFTER)
API_VARIANTS: Final = (
    Moment.TIMED_OUT,
    Moment.CUT,
    Moment.CONFLICT,
    Moment.TOO_MANY,
    Moment.SERVER_ERROR,
)
REDIS_VARIANTS: Final = (Moment.TIMED_OUT, Moment.CUT, Moment.LOADING)


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes the `nth` request of a kind (such as patch-scanjobs-status or redis-apply)."""

    moment: Moment
    kind: str
    nth: int

    @property
    def kills(self) -> bool:
        """The operator does not survive it."""
        return self.moment in KILLS

    def raw(self) -> dict[str, Any]:
        """For another process."""
        return {"moment": self.moment, "kind": self.kind, "nth": self.nth}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        return cls(Moment(raw["moment"]), raw["kind"], raw["nth"])

    def __str__(self) -> str:
        return f"{self.moment}-{self.kind}-{self.nth}"


@dataclass(frozen=True, slots=True)
class Point:
    """One fault in one scenario."""

    scenario: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.scenario}-{self.fault}"


def known_requests() -> dict[str, dict[str, int]]:
    """The requests of each scenario, by its name."""
    known: dict[str, dict[str, int]] = json.loads(_FILE.read_text())
    return known


def points(*, everything: bool) -> list[Point]:
    """Every kill; and every variant, or else a sample that is the same each time."""
    kills, variants = [], []
    for scenario, requests in known_requests().items():
        for kind, count in requests.items():
            for nth in range(1, count + 1):
                others = REDIS_VARIANTS if kind.startswith(REDIS) else API_VARIANTS
                kills += [Point(scenario, Fault(moment, kind, nth)) for moment in KILLS]
                variants += [Point(scenario, Fault(moment, kind, nth)) for moment in others]
    if not everything:
        chosen = random.Random(_SEED)  # noqa: S311 - repeatable, not secret
        variants = sorted(chosen.sample(variants, min(_SAMPLE, len(variants))), key=str)
    return kills + variants
