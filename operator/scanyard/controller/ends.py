"""The ends of attempts and ScanJobs, counted and logged once they are written."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from scanyard import metrics
from scanyard.controller.context import Context
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.outcome import Outcome
from scanyard.lifecycle.status import Attempt
from scanyard.logs import tells

log = logging.getLogger(__name__)

#: In place of a queue that is not there; no namespace and no queue can be called so.
_NO_QUEUE: Final = ("(none)", "(none)")


def queue_labels(context: Context, key: str) -> tuple[str, str]:
    """Namespace and name of the queue, if there is one: series of any other would never go.

    Any name may stand in a ScanJob.
    """
    queue = context.mirror.queues.named(key)
    return _NO_QUEUE if queue is None else (queue.namespace, queue.name)


def count_end(
    context: Context, job: Job, attempt: Attempt, outcome: Outcome, *, retried: bool
) -> None:
    """An attempt of the ScanJob has ended."""
    labels = (*queue_labels(context, attempt.queue), job.scanner)
    metrics.ATTEMPTS_ENDED.labels(*labels, attempt.reason).inc()
    if retried:
        metrics.RETRIES.labels(*labels, outcome.cause).inc()
    elif attempt.reason == "TimedOut":
        metrics.TIMEOUTS.labels(*labels).inc()
    if attempt.started_at is not None and attempt.ended_at is not None:
        seconds = (attempt.ended_at - attempt.started_at) / timedelta(seconds=1)
        metrics.RUN_SECONDS.labels(*labels).observe(max(seconds, 0.0))
    report = outcome.report
    if report is not None and report.cpu_millis is not None:
        metrics.CPU_SECONDS.labels(job.scanner).observe(report.cpu_millis / 1000)
    if report is not None and report.peak_memory_bytes is not None:
        metrics.MEMORY_BYTES.labels(job.scanner).observe(report.peak_memory_bytes)
    said = ": ".join(filter(None, (attempt.reason, attempt.message)))
    then = "; it is tried again" if retried else ""
    subject = tells(attempt=attempt.number, reason=attempt.reason)
    text = "ScanJob %s: attempt %d has ended: %s%s"
    log.info(text, job.key, attempt.number, said, then, extra=subject)


def count_invalid(context: Context, job: Job, attempt: Attempt, reason: str) -> None:
    """An attempt came to its end without a Pod, since nothing can run it."""
    labels = (*queue_labels(context, attempt.queue), job.scanner)
    metrics.ATTEMPTS_ENDED.labels(*labels, reason).inc()


def count_refusal(context: Context, job: Job, attempt: Attempt, reason: str) -> None:
    """An admitted attempt got no Pod, and waits again."""
    labels = (*queue_labels(context, attempt.queue), job.scanner)
    metrics.START_REFUSALS.labels(*labels, reason).inc()


def count_finish(context: Context, before: Job, written: Job) -> None:
    """The ScanJob has come to its end, if what was written is that."""
    if not written.status.finished or before.status.finished:
        return
    labels = queue_labels(context, _last_queue(written))
    metrics.FINISHED.labels(*labels, written.status.phase).inc()
    log.info("ScanJob %s has finished: %s", written.key, written.status.phase)


def _last_queue(job: Job) -> str:
    """The queue that admitted it last, or else the one that it waited in."""
    return job.status.attempts[-1].queue if job.status.attempts else job.queue_key
