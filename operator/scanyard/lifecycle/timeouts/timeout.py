"""The timeout of an attempt, settled when it is admitted and recorded with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scanyard.api.scanjob import (
    DEFAULT_TIMEOUT_SECONDS,
    MAX_TIMEOUT_SECONDS,
    MIN_TIMEOUT_SECONDS,
)
from scanyard.errors import InvalidInputError
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.scope import dns_names
from scanyard.lifecycle.timeouts.work import expected_seconds, work_of

#: Adaptive: so many times the expected time, and so much for the start of the Pod, image included,
#: which the kubelet counts.
SAFETY_FACTOR: Final = 2
ALLOWANCE_SECONDS: Final = 120
#: A name counts as so many addresses: it is resolved later.
ADDRESSES_OF_A_NAME: Final = 8


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long an attempt may take, and where that comes from in a few words."""

    seconds: int
    basis: str


def is_adaptive(job: Job, queue: Queue) -> bool:
    """Whether its timeout is computed: it says so, or states nothing and its queue says so."""
    if job.timeout_policy or job.timeout_seconds:
        return job.timeout_policy == "Adaptive"
    return queue.default_timeout_policy == "Adaptive"


def timeout_for(job: Job, queue: Queue, *, addresses: int, packets_per_second: int) -> Timeout:
    """The timeout of an attempt that is admitted now.

    `addresses`: of all its targets that are no names; `packets_per_second`: its rate, 0: none. What
    the ScanJob states stands as it is; whether the queue accepts that is judged before (see
    blockers/limits). Everything else is kept within the queue's limits.
    """
    if is_adaptive(job, queue):
        return _bounded(_adaptive(job, addresses, packets_per_second), queue)
    if job.timeout_seconds:
        return Timeout(job.timeout_seconds, "spec.timeoutSeconds")
    if queue.default_timeout_seconds:
        stated = Timeout(
            queue.default_timeout_seconds, f"defaults.timeoutSeconds of queue {queue.name}"
        )
        return _bounded(stated, queue)
    return _bounded(Timeout(DEFAULT_TIMEOUT_SECONDS, "default"), queue)


def _adaptive(job: Job, addresses: int, packets_per_second: int) -> Timeout:
    addresses += ADDRESSES_OF_A_NAME * len(dns_names(job.spec["targets"]))
    try:
        work = work_of(job.spec, addresses=addresses, packets_per_second=packets_per_second)
    except InvalidInputError:
        # No scanner takes it either: the attempt ends as InvalidSpec.
        return Timeout(DEFAULT_TIMEOUT_SECONDS, "default")
    expected = math.ceil(expected_seconds(work))
    rate = f", packets/s: {packets_per_second}" if packets_per_second else ""
    basis = (
        f"Adaptive: {SAFETY_FACTOR} x {expected} s (addresses: {work.addresses}, "
        f"ports: {work.ports}{rate}) + {ALLOWANCE_SECONDS} s"
    )
    return Timeout(SAFETY_FACTOR * expected + ALLOWANCE_SECONDS, basis)


def _bounded(wanted: Timeout, queue: Queue) -> Timeout:
    least = queue.min_timeout_seconds or MIN_TIMEOUT_SECONDS
    most = queue.max_timeout_seconds or MAX_TIMEOUT_SECONDS
    if wanted.seconds > most:
        bound = "limits.maxTimeoutSeconds" if queue.max_timeout_seconds else "the longest there is"
        return Timeout(most, f"{bound}; {wanted.basis}")
    if wanted.seconds < least:
        return Timeout(least, f"limits.minTimeoutSeconds; {wanted.basis}")
    return wanted
