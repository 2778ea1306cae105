"""Waiting for ScanJobs by one watch, and telling meanwhile how they fare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanyard.cli.follow import follow
from scanyard.cli.scans.goals import Goal, Verdict, judge
from scanyard.cli.scans.progress import Telling, telling
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """How the wait ended; each uid in one of the sets, and the newest of what was seen.

    One that was deleted meanwhile is missed.
    """

    met: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    last: dict[str, Json] = field(default_factory=dict)

    @property
    def timed_out(self) -> bool:
        """Some had not come to anything when the time was over."""
        return bool(self.open)

    @property
    def well(self) -> bool:
        """All came to what was waited for."""
        return not (self.missed or self.open)


def wait_for(
    api: Api, namespace: str, jobs: Iterable[Json], goal: Goal, *, seconds: float | None
) -> Outcome:
    """Until none of these ScanJobs is open, or the seconds are over."""
    outcome = Outcome(last={raw["metadata"]["uid"]: raw for raw in jobs})
    outcome.open = set(outcome.last)
    with telling() as tell:
        # One watch for all; for a single one only its own events.
        selectors = {}
        if len(outcome.last) == 1:
            (only,) = outcome.last.values()
            selectors = {"fieldSelector": f"metadata.name={only['metadata']['name']}"}
        for objects in follow(
            api, SCANJOBS, namespace, selectors, seconds=seconds, trouble=tell.trouble
        ):
            _sort(outcome, objects, goal, tell)
            if not outcome.open:
                break
    return outcome


def _sort(outcome: Outcome, objects: Mapping[str, Json], goal: Goal, tell: Telling) -> None:
    for uid in sorted(outcome.open):
        raw = objects.get(uid)
        if raw is outcome.last[uid]:
            continue
        if raw is None:
            tell.gone(read_job(outcome.last[uid]))
            verdict = Verdict.MISSED
        else:
            outcome.last[uid] = raw
            job = read_job(raw)
            verdict = judge(job, goal)
            tell.state(job)
        if verdict is not Verdict.OPEN:
            outcome.open.discard(uid)
            (outcome.met if verdict is Verdict.MET else outcome.missed).add(uid)
