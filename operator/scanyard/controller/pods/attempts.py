"""What this process knows about open attempts beyond the objects: sent creates, vanished Pods.

It may be lost at any time: a successor starts from the API, as rule 6 of the design tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.status import Attempt


@dataclass(slots=True)
class AttemptMemory:
    """Facts about one attempt of one ScanJob.

    `unanswered`: a create was sent for it and its fate is unknown. `gone_at`: a consistent read
    did not find the Pod. `queue_read`: its queue was read consistently after the Pod had ended.
    `deleted_job`: its ScanJob was deleted after a node had its Pod and before its end was read.
    """

    number: int
    existed: bool = False
    unanswered: tuple[Job, Attempt] | None = None
    gone_at: datetime | None = None
    node_ready: bool = False
    queue_read: bool = False
    last_pod: PodState | None = None
    deleted_job: tuple[Job, Attempt] | None = None


class AttemptMemories:
    """The newest attempt of each ScanJob, by the ScanJob's uid."""

    def __init__(self) -> None:
        self._by_uid: dict[str, AttemptMemory] = {}

    def of(self, job_uid: str, number: int) -> AttemptMemory:
        """The memory of that attempt, a new one if it is a newer attempt."""
        memory = self._by_uid.get(job_uid)
        if memory is None or memory.number < number:
            memory = self._by_uid[job_uid] = AttemptMemory(number)
        return memory

    def known(self, job_uid: str) -> AttemptMemory | None:
        """The memory of a ScanJob's newest attempt, if there is one."""
        return self._by_uid.get(job_uid)

    def saw(self, pod: PodState) -> None:
        """A Pod was created or came by."""
        memory = self.of(pod.job_uid, pod.attempt)
        if memory.number == pod.attempt and not pod.tombstone:
            memory.existed, memory.unanswered, memory.last_pod = True, None, pod

    def uids(self) -> list[str]:
        """The ScanJobs of all of them."""
        return list(self._by_uid)

    def lost(self, job: Job) -> None:
        """The ScanJob is gone; if its scan had started, what its status told of that is kept."""
        attempt = job.status.open_attempt
        if attempt is not None and (attempt.started_at is not None or attempt.node_name):
            self.of(job.uid, attempt.number).deleted_job = (job, attempt)

    def forget(self, job_uid: str) -> None:
        """The ScanJob and its Pods are gone."""
        self._by_uid.pop(job_uid, None)
