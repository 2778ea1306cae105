"""A ScanJob that may be admitted next, as far as the leader knows."""

from __future__ import annotations

from dataclasses import dataclass

from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.dependencies.standings import dependencies_of
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import Demand
from scanyard.lifecycle.status import JobStatus
from scanyard.queueing.keys import uid_of
from scanyard.queueing.order import queue_score
from scanyard.queueing.readings import Head


@dataclass(frozen=True, slots=True)
class Candidate:
    """The next of its queue."""

    job: Job
    queue: Queue
    score: float
    demand: Demand

    @property
    def attempt(self) -> int:
        """The number that its attempt would have."""
        return self.job.status.attempt_count + 1

    @property
    def standing(self) -> Standing:
        """Its place if it is admitted."""
        return Standing(self.job.member, Holding(self.queue.key, self.attempt))

    @property
    def turn(self) -> tuple[float, str]:
        """Its queue's turn among queues: the lowest goes first."""
        queued_at_ms = int(self.job.queued_at.timestamp() * 1000)
        return queue_score(queued_at_ms, self.queue.priority), self.queue.key


def candidate_of(context: Context, queue: Queue, head: Head) -> Candidate | None:
    """The head, unless the ledger is about to hear that it waits no more."""
    uid = uid_of(head.job)
    job = context.mirror.jobs.get(uid)
    if job is None or admission_of(context, job, queue) is None:
        context.dirty.add(uid)
        return None
    return Candidate(job, queue, head.score, context.budgets.demand(job, queue))


def admission_of(
    context: Context, job: Job, queue: Queue, packets_per_second: int = 0
) -> JobStatus | None:
    """The status that admits the ScanJob now; None: it must not start."""
    return admit(
        job,
        queue,
        fence=context.fence,
        now=context.now(),
        packets_per_second=packets_per_second,
        dependencies=dependencies_of(context.mirror.jobs, job),
        refusal=context.refusal_of(job, queue),
        addresses=context.addresses_of(job, queue),
        namespace_labels=context.mirror.labels_of(job.namespace),
    )
