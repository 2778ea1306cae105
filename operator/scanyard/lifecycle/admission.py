"""The record of an admission: written to status before the Pod is created."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scanyard.api import names
from scanyard.lifecycle import conditions
from scanyard.lifecycle.blockers.limits import excess
from scanyard.lifecycle.decision import Wish, wish_of
from scanyard.lifecycle.dependencies.dependency import Dependency, all_met
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import Attempt, JobStatus
from scanyard.lifecycle.tenancy import Labels
from scanyard.lifecycle.timeouts.timeout import timeout_for

#: Back-off of a refused Pod: 10 s, doubled up to 5 minutes.
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 10, 300


def admit(
    job: Job,
    queue: Queue,
    *,
    fence: int,
    now: datetime,
    packets_per_second: int = 0,
    dependencies: Sequence[Dependency] = (),
    refusal: str = "",
    addresses: int = 0,
    namespace_labels: Labels | None = None,
) -> JobStatus | None:
    """The status that admits the next attempt, or None if the ScanJob must not start now.

    `dependencies`, `refusal`, `addresses`: as View has them; `namespace_labels`: of its namespace,
    None where nobody knows them.
    """
    status = job.status
    if refusal or not _lets_in(queue, job, namespace_labels, addresses):
        return None
    waits = status.open_attempt is None and (not status.finished or job.rerun_wanted)
    if not waits or wish_of(job, queue) is not Wish.RUN or job.rerun_wanted:
        return None
    if status.retry_at is not None and status.retry_at > now:
        return None
    if not all_met(job, status, dependencies):
        return None
    if job.needs and status.dependencies_met_at is None:
        status = replace(status, dependencies_met_at=now)
    if not queue.admits_at(now) or job.eligible_from(now) > now or excess(job, queue):
        return None
    number = status.attempt_count + 1
    timeout = timeout_for(job, queue, addresses=addresses, packets_per_second=packets_per_second)
    attempt = Attempt(
        number=number,
        queue=queue.key,
        fence=fence,
        pod_name=names.pod_name(job.name, job.uid, number),
        admitted_at=now,
        packets_per_second=packets_per_second,
        timeout_seconds=timeout.seconds,
        timeout_basis=timeout.basis,
    )
    token = status.rerun_token if status.rerun_token is not None else job.rerun_token
    status = replace(
        status.with_attempt(attempt),
        rerun_token=token,
        retry_at=None,
        queued_at=status.queued_at or job.eligible_later,
    )
    return conditions.in_progress(
        job, status, now, phase="Starting", reason="Admitted", message=f"admitted by {queue.key}"
    )


def _lets_in(queue: Queue, job: Job, namespace_labels: Labels | None, addresses: int) -> bool:
    """Whether it is the queue that the ScanJob names by now, and takes it."""
    return (
        job.queue_key == queue.key
        and queue.takes(job.namespace, namespace_labels)
        and queue.accepts_scanner(job.scanner)
        and queue.accepts_size(addresses)
    )


def refused(job: Job, attempt: Attempt, *, reason: str, message: str, now: datetime) -> JobStatus:
    """Close an attempt whose Pod could not be created; it waits for a while and does not count."""
    refusals = job.status.refusals + 1
    seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(refusals - 1, 10), _LONGEST_RETRY_SECONDS)
    closed = replace(attempt, ended_at=now, reason=reason, message=message[:1024])
    status = replace(
        job.status.with_attempt(closed),
        refusals=refusals,
        retry_at=now + timedelta(seconds=seconds),
    )
    text = f"{message} (tried again in {seconds} s)"
    return conditions.in_progress(job, status, now, phase="Queued", reason=reason, message=text)


def impossible(job: Job, attempt: Attempt, *, message: str, now: datetime) -> JobStatus:
    """End a ScanJob that no scanner can run: its spec cannot change, so waiting is no use."""
    reason = "InvalidSpec"
    closed = replace(attempt, ended_at=now, reason=reason, message=message[:1024])
    status = replace(job.status.with_attempt(closed), retry_at=None, refusals=0)
    text = f"{message}; this ScanJob cannot be changed, create another"
    return conditions.failed(job, status, now, phase="Failed", reason=reason, message=text)
