"""What log lines are about, in the fields of their schema."""

from __future__ import annotations

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.pod import PodState
from scanyard.logs.schema import Fields, QueueField


def job_fields(job: Job, attempt: int | None = None, queue: str = "") -> Fields:
    """A ScanJob, with the attempt and the queue that admitted it; else those of its open one."""
    opened = job.status.open_attempt
    if attempt is None and opened is not None:
        attempt, queue = opened.number, opened.queue
    fields: Fields = {
        "scanjob": {"namespace": job.namespace, "name": job.name, "uid": job.uid},
        "queue": queue_field(queue or job.queue_key),
    }
    if attempt is not None:
        fields["attempt"] = attempt
        fields["pod"] = names.pod_name(job.name, job.uid, attempt)
    return fields


def known_fields(context: Context, uid: str) -> Fields:
    """The ScanJob with that uid, also if it is gone."""
    job = context.mirror.jobs.get(uid)
    return {"scanjob": {"uid": uid}} if job is None else job_fields(job)


def pod_fields(context: Context, pod: PodState) -> Fields:
    """A Pod and the attempt that it is."""
    fields = known_fields(context, pod.job_uid)
    return {**fields, "attempt": pod.attempt, "pod": pod.name}


def queue_field(key: str) -> QueueField:
    """A queue by its namespace/name."""
    namespace, _, name = key.partition("/")
    return {"namespace": namespace, "name": name}
