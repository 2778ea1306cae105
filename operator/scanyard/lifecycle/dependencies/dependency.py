"""Whether what a ScanJob depends on has come to pass, and whether it depends on itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scanyard.lifecycle.dependencies.needs import Need
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.status import JobStatus

#: So many ScanJobs are looked at in search of a way back; a longer one is waited on, untold.
MOST_VISITED: Final = 1000


class State(StrEnum):
    """How a ScanJob stands for those that depend on it."""

    MISSING = "missing"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    UNSUCCESSFUL = "unsuccessful"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A need, and how that ScanJob stands; `phase` in the words of its status."""

    need: Need
    state: State
    phase: str = ""

    @property
    def met(self) -> bool:
        """It stands in nobody's way any more."""
        return self.state is State.SUCCEEDED or (
            self.state is State.UNSUCCESSFUL and self.need.any_outcome
        )

    @property
    def failed(self) -> bool:
        """It has finished, and not as it must."""
        return self.state is State.UNSUCCESSFUL and not self.need.any_outcome


def state_of(job: Job | None) -> State:
    """How it stands now; one that is about to run again has not finished."""
    if job is None:
        return State.MISSING
    status = job.status
    if status.finished and not job.rerun_wanted:
        return State.SUCCEEDED if status.phase == "Succeeded" else State.UNSUCCESSFUL
    # Not while it starts: a Pod that is refused again and again would have all that wait for it
    # told each time.
    if status.phase == "Running":
        return State.RUNNING
    return State.SUSPENDED if status.phase == "Suspended" else State.WAITING


def dependency_on(need: Need, job: Job | None) -> Dependency:
    """The need, and the ScanJob that has its name now."""
    return Dependency(need, state_of(job), job.status.phase if job is not None else "")


def awaits(job: Job) -> bool:
    """Whether its dependencies still count: until it was admitted in this run."""
    if not job.needs:
        return False
    status = job.status
    return job.rerun_wanted or (not status.finished and status.dependencies_met_at is None)


def all_met(job: Job, status: JobStatus, dependencies: Sequence[Dependency]) -> bool:
    """Whether nothing that it depends on keeps it back; what is not told of is not met."""
    if status.dependencies_met_at is not None:
        return True
    met = {dependency.need.name for dependency in dependencies if dependency.met}
    return all(need.name in met for need in job.needs)


def find_cycle(start: Job, named: Callable[[str], Job | None]) -> tuple[str, ...]:
    """The shortest way from a ScanJob through what is waited for back to it, as names.

    It begins and ends with the ScanJob's own name, and is empty if there is no such way. `named`
    finds a ScanJob by namespace/name.
    """
    came_from: dict[str, str] = {}
    to_visit = deque([start.name])
    while to_visit:
        name = to_visit.popleft()
        job = start if name == start.name else named(f"{start.namespace}/{name}")
        if job is None or not awaits(job):
            continue
        for need in job.needs:
            if need.name == start.name:
                return _way_back(start.name, name, came_from)
            if need.name not in came_from:
                if len(came_from) >= MOST_VISITED:
                    return ()
                came_from[need.name] = name
                to_visit.append(need.name)
    return ()


def _way_back(start: str, last: str, came_from: dict[str, str]) -> tuple[str, ...]:
    way = [start]
    while last != start:
        way.append(last)
        last = came_from[last]
    return (start, *reversed(way))
