"""Who is admitted, told by a few lines of arithmetic over all ScanJobs, without any ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network


@dataclass(slots=True)
class SimQueue:
    """Limits; 0: none."""

    slots: int
    priority: int = 0
    packets: int = 0
    per_target: int = 0


@dataclass(slots=True)
class SimJob:
    """`score`: the lower goes first; `packets`: its rate; `age`: seconds since its creation."""

    name: str
    queue: str
    score: float
    packets: int
    target: str
    age: int = 0
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
        return [
            job
            for job in self.jobs.values()
            if job.state == "running" and queue in (None, job.queue)
        ]

    def admit(self) -> None:
        """Go through all that wait, in order, and admit whoever fits beside what runs."""
        order = sorted(self.queues, key=lambda name: (-self.queues[name].priority, name))
        for name in order:
            waiting = [j for j in self.jobs.values() if (j.queue, j.state) == (name, "waiting")]
            for job in sorted(waiting, key=lambda job: (job.score, job.name)):
                if self._fits(job, self.queues[name]):
                    job.state = "running"

    def _fits(self, job: SimJob, queue: SimQueue) -> bool:
        mine, everything = self.running(job.queue), self.running()
        network = ip_network(job.target)
        overlapping = [j for j in everything if network.overlaps(ip_network(j.target))]
        return (
            len(mine) < queue.slots
            and _below(len(everything) + 1, self.installation_slots)
            and _below(sum(j.packets for j in mine) + job.packets, queue.packets)
            and _below(sum(j.packets for j in everything) + job.packets, self.installation_packets)
            and _below(len(overlapping) + 1, queue.per_target)
        )


def _below(number: int, limit: int) -> bool:
    return not limit or number <= limit
