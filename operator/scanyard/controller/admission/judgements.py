"""What was judged of waiting ScanJobs' targets, each once by each scope of its queue."""

from __future__ import annotations

from dataclasses import dataclass

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.judging import addresses_of, judge
from scanyard.lifecycle.targets.queue_scope import QueueScope
from scanyard.lifecycle.targets.scope import DenyList


@dataclass(frozen=True, slots=True)
class _Judgement:
    queue_key: str
    scope: QueueScope | None
    refusal: str


class Judgements:
    """By ScanJob uid. Targets never change, and the deny list does not while the operator runs."""

    def __init__(self) -> None:
        self._by_uid: dict[str, _Judgement] = {}
        self._addresses: dict[str, int] = {}

    def refusal_of(self, deny: DenyList, job: Job, queue: Queue | None) -> str:
        """Why the targets are refused; empty if they are not."""
        scope = queue.scope if queue is not None else None
        known = self._by_uid.get(job.uid)
        if known is None or (known.queue_key, known.scope) != (job.queue_key, scope):
            refusal = judge(deny, job, queue, {}).refusal
            known = self._by_uid[job.uid] = _Judgement(job.queue_key, scope, refusal)
        return known.refusal

    def addresses_of(self, job: Job) -> int:
        """How many addresses its targets are."""
        known = self._addresses.get(job.uid)
        if known is None:
            known = self._addresses[job.uid] = addresses_of(job)
        return known

    def forget(self, uid: str) -> None:
        """The ScanJob is gone."""
        self._by_uid.pop(uid, None)
        self._addresses.pop(uid, None)
