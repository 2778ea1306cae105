"""Who is admitted, told by a few lines of arithmetic over all ScanJobs, without any ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from ipaddress import ip_network

#: Seconds of its head's waiting that one point of a queue's priority is worth.
_QUEUE_AGING = 600


@dataclass(slots=True)
class SimQueue:
    """Limits; 0: none. `weights`: of namespaces that do not weigh 1, in a queue that is fair."""

    slots: int
    priority: int = 0
    packets: int = 0
    per_target: int = 0
    per_namespace: int = 0
    fair: bool = False
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class SimJob:
    """`score`: the lower goes first; `packets`: its rate; `age`: seconds since its creation."""

    name: str
    queue: str
    score: float
    packets: int
    target: str
    age: int = 0
    namespace: str = "team"
    state: str = "waiting"


@dataclass(slots=True)
class Simulator:
    """Everything, in the open."""

    installation_slots: int = 0
    installation_packets: int = 0
    queues: dict[str, SimQueue] = field(default_factory=dict)
    jobs: dict[str, SimJob] = field(default_factory=dict)

    def running(self, queue: str | None = None) -> list[SimJob]:
        """Who holds a slot, of one queue or of all."""
        return self._in_state("running", queue)

    def waiting(self, queue: str | None = None) -> list[SimJob]:
        """Who waits, in one queue or in all."""
        return self._in_state("waiting", queue)

    def admit(self) -> None:
        """Admit one after the other, as long as anybody fits beside what runs."""
        while heads := [head for name in self.queues if (head := self._next(name))]:
            min(heads, key=self._turn_of_queue).state = "running"

    def _turn_of_queue(self, head: SimJob) -> tuple[int, str]:
        return -head.age - self.queues[head.queue].priority * _QUEUE_AGING, head.queue

    def _next(self, name: str) -> SimJob | None:
        """Whose turn it is in a queue, of those that fit."""
        queue = self.queues[name]
        fitting = [job for job in self.waiting(name) if self._fits(job, queue)]
        return self._first(name, fitting) if fitting else None

    def _first(self, name: str, jobs: Sequence[SimJob]) -> SimJob:
        """Whose turn it is, of these of one queue."""
        if not self.queues[name].fair:
            return min(jobs, key=lambda j: (j.score, f"{j.namespace}/{j.name}"))
        turns = self._turns(name)
        return min(jobs, key=lambda j: (turns[j.namespace], j.score, f"{j.namespace}/{j.name}"))

    def _turns(self, name: str) -> dict[str, tuple[int, Fraction]]:
        """Of each namespace in a fair queue; the lower goes first."""
        queue, running = self.queues[name], [job.namespace for job in self.running(name)]
        present = {job.namespace for job in self.waiting(name)} | set(running)
        weights = {namespace: queue.weights.get(namespace, 1) for namespace in present}
        parts, turns = fair_parts(len(running) + 1, weights), {}
        for namespace, part in parts.items():
            runs = running.count(namespace)
            if not runs:
                turns[namespace] = 0, Fraction(0)
            elif runs < part:
                turns[namespace] = 1, runs - part
            else:
                turns[namespace] = 2, Fraction(2 * runs + 1, weights[namespace])
        return turns

    def line(self, queue: str, aside: Collection[str]) -> list[str]:
        """Names of those that wait in a queue, but for some, in the order of their turns.

        As if slots came free one after the other, and all that runs went on.
        """
        limit, line = self.queues[queue].per_namespace, list[SimJob]()
        runs = Counter(job.namespace for job in self.running(queue))
        open_ones = {
            name
            for name in {job.namespace for job in self.waiting(queue)}
            if _below(runs[name] + 1, limit)
        }
        while True:
            left = [
                job
                for job in self.waiting(queue)
                if job.name not in aside and job.namespace in open_ones
            ]
            if not left:
                break
            line.append(self._first(queue, left))
            line[-1].state = "running"
        for job in line:
            job.state = "waiting"
        return [job.name for job in line]

    def _fits(self, job: SimJob, queue: SimQueue) -> bool:
        mine, everything = self.running(job.queue), self.running()
        network = ip_network(job.target)
        overlapping = [j for j in everything if network.overlaps(ip_network(j.target))]
        beside = [j for j in mine if j.namespace == job.namespace]
        return (
            len(mine) < queue.slots
            and _below(len(everything) + 1, self.installation_slots)
            and _below(len(beside) + 1, queue.per_namespace)
            and _below(sum(j.packets for j in mine) + job.packets, queue.packets)
            and _below(sum(j.packets for j in everything) + job.packets, self.installation_packets)
            and _below(len(overlapping) + 1, queue.per_target)
        )

    def _in_state(self, state: str, queue: str | None) -> list[SimJob]:
        return [j for j in self.jobs.values() if j.state == state and queue in (None, j.queue)]


def fair_parts(slots: int, weights: Mapping[str, int]) -> dict[str, Fraction]:
    """Slots by weight, but none less than one; all alike where there are not so many."""
    if slots <= len(weights):
        return {namespace: Fraction(slots, len(weights)) for namespace in weights}
    ones: set[str] = set()
    while True:
        rest = {name: weight for name, weight in weights.items() if name not in ones}
        parts = {n: Fraction((slots - len(ones)) * w, sum(rest.values())) for n, w in rest.items()}
        small = {name for name, part in parts.items() if part < 1}
        if not small:
            return parts | dict.fromkeys(ones, Fraction(1))
        ones |= small


def _below(number: int, limit: int) -> bool:
    return not limit or number <= limit
