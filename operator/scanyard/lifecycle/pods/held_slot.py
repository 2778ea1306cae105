"""A slot that is held although no attempt in any ScanJob's status says so.

Its ScanJob is gone, or the attempt is closed, and its Pod may still scan. The queue's status tells
of it, so that a later leader knows when the Pod is gone as well, and people do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.pods.slots import unconfirmed_end
from scanyard.lifecycle.queue import attempt_to_release
from scanyard.lifecycle.status import Attempt
from scanyard.lifecycle.timestamps import format_time, parse_time


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """One slot of `queue` (namespace/name); it is free `until` then at the latest."""

    queue: str
    job_namespace: str
    job_name: str
    job_uid: str
    attempt: int
    pod_name: str
    node_name: str
    until: datetime

    @property
    def member(self) -> str:
        """The ScanJob in the ledger: namespace/name/uid."""
        return f"{self.job_namespace}/{self.job_name}/{self.job_uid}"

    @property
    def release_entry(self) -> str:
        """How it stands in the annotation that releases it."""
        return attempt_to_release(self.job_uid, self.attempt)

    @classmethod
    def read(cls, queue: str, raw: Mapping[str, Any]) -> Self | None:
        """From an item of the queue's status.heldSlots."""
        until = parse_time(raw.get("until"))
        if until is None:
            return None
        return cls(
            queue=queue,
            job_namespace=raw.get("namespace") or _namespace(queue),
            job_name=raw["scanJob"],
            job_uid=raw["uid"],
            attempt=raw["attempt"],
            pod_name=raw.get("podName", ""),
            node_name=raw.get("nodeName", ""),
            until=until,
        )

    def raw(self) -> dict[str, Any]:
        """As an item of the queue's status.heldSlots."""
        elsewhere = self.job_namespace != _namespace(self.queue)
        return {
            "scanJob": self.job_name,
            **({"namespace": self.job_namespace} if elsewhere else {}),
            "uid": self.job_uid,
            "attempt": self.attempt,
            "podName": self.pod_name,
            "nodeName": self.node_name,
            "until": format_time(self.until),
        }


def _namespace(queue: str) -> str:
    return queue.partition("/")[0]


def held_slots_of(queue: str, status: Mapping[str, Any]) -> list[HeldSlot]:
    """What the status of a queue tells of them."""
    found = (HeldSlot.read(queue, raw) for raw in status.get("heldSlots") or ())
    return [slot for slot in found if slot is not None]


def of_running_pod(pod: PodState) -> HeldSlot | None:
    """The slot of a Pod that is still there; None before its node has taken it on."""
    if not pod.node_name or pod.start_time is None:
        return None
    return of_vanished_pod(pod, pod.start_time, node_ready=False)


def of_vanished_pod(last: PodState, gone_at: datetime, *, node_ready: bool) -> HeldSlot:
    """The slot of a Pod that went away unread."""
    until = unconfirmed_end(last, gone_at, node_ready=node_ready, timeout_seconds=0)
    return HeldSlot(
        queue=last.queue,
        job_namespace=last.namespace,
        job_name=last.job_key.partition("/")[2],
        job_uid=last.job_uid,
        attempt=last.attempt,
        pod_name=last.name,
        node_name=last.node_name,
        until=until,
    )


def of_vanished_attempt(
    job: Job, attempt: Attempt, gone_at: datetime, *, node_ready: bool, grace_seconds: int
) -> HeldSlot:
    """The slot of a started attempt whose Pod this leader has never seen."""
    until = unconfirmed_end(
        None,
        gone_at,
        node_ready=node_ready,
        timeout_seconds=job.timeout_of(attempt),
        grace_seconds=grace_seconds,
    )
    return HeldSlot(
        queue=attempt.queue,
        job_namespace=job.namespace,
        job_name=job.name,
        job_uid=job.uid,
        attempt=attempt.number,
        pod_name=attempt.pod_name,
        node_name=attempt.node_name,
        until=until,
    )
