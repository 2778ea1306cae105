"""Prometheus metrics of the operator, in one place; docs/metrics.md is written from here.

No series carries the name or a target of a scan: labels are queues, scanners, and words of closed
lists. Names, units and labels are an interface that dashboards and alerts of others rely on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

#: Times of creation beside each counter and histogram would be a seventh more series for nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: From 10 ms to a week: a wait or a run may be either.
_LONG_BUCKETS = (
    0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200,
    604_800,
)  # fmt: skip
_SHORT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_MIB = 2**20
_MEMORY_BUCKETS = tuple(_MIB * 2**power for power in range(2, 14))
#: Not "namespace", which scrapes set to that of the operator.
_QUEUE = ("queue_namespace", "queue")
_SCANS = (*_QUEUE, "scanner")
_OF_NAMESPACE = (*_QUEUE, "scanjob_namespace")

QUEUE_WAITING = Gauge("scanyard_queue_waiting", "ScanJobs that wait in a queue.", _QUEUE)
QUEUE_ELIGIBLE = Gauge(
    "scanyard_queue_eligible", "ScanJobs of a queue that wait for nothing but a slot.", _QUEUE
)
QUEUE_OLDEST_WAIT = Gauge(
    "scanyard_queue_oldest_wait_seconds",
    "How long the oldest of those has been waiting; 0 if there is none.",
    _QUEUE,
)
QUEUE_TARGET_WAIT = Gauge(
    "scanyard_queue_target_wait_seconds",
    "How long a ScanJob of a queue should wait at most: its targetWaitSeconds; 0 if it says none.",
    _QUEUE,
)
QUEUE_RUNNING = Gauge("scanyard_queue_running", "Slots of a queue that are held.", _QUEUE)
QUEUE_LIMIT = Gauge("scanyard_queue_limit", "Slots of a queue: its maxConcurrent.", _QUEUE)
QUEUE_HELD = Gauge(
    "scanyard_queue_held",
    "1 while a queue admits nothing: by its stopPolicy, an emergency stop, or its windows.",
    _QUEUE,
)
QUEUE_PACKETS = Gauge(
    "scanyard_queue_packets_per_second",
    "Packets a second that the running scans of a queue may send, all together.",
    _QUEUE,
)
QUEUE_PACKETS_LIMIT = Gauge(
    "scanyard_queue_packets_per_second_limit",
    "The packet budget of a queue: its packetsPerSecond; 0 where it has none.",
    _QUEUE,
)
QUEUE_UNCONFIRMED = Gauge(
    "scanyard_queue_unconfirmed_slots",
    "Slots of a queue that are held for a scan of which nobody knows whether it still runs, "
    "such as one on a lost node.",
    _QUEUE,
)
QUEUE_WAITING_BY_REASON = Gauge(
    "scanyard_queue_waiting_by_reason",
    "ScanJobs that wait in a queue, by what each waits for; without a series where none does.",
    (*_QUEUE, "reason"),
)
NAMESPACE_RUNNING = Gauge(
    "scanyard_queue_namespace_running",
    "Slots of a queue that a namespace's ScanJobs hold.",
    _OF_NAMESPACE,
)
NAMESPACE_WAITING = Gauge(
    "scanyard_queue_namespace_waiting",
    "ScanJobs of a namespace that wait for their turn in a queue: for a slot, packets, a target, "
    "or until fewer of its own wait.",
    _OF_NAMESPACE,
)
NAMESPACE_FAIR_SHARE = Gauge(
    "scanyard_queue_namespace_fair_share",
    "Slots that are a namespace's fair part, of those in use and the next one; only of a queue "
    "with ordering FairShare.",
    _OF_NAMESPACE,
)
WAITING_WITHOUT_QUEUE = Gauge(
    "scanyard_waiting_without_queue",
    "ScanJobs that wait in a queue that is not there.",
)

ADMISSIONS = Counter(
    "scanyard_admissions_total",
    "Slots given to ScanJobs, retries and reruns included.",
    _QUEUE,
)
LIMIT_EXCEEDED = Counter(
    "scanyard_limit_exceeded_total",
    "Admissions after which a queue held more slots than its limit: this must never happen.",
    _QUEUE,
)
TARGET_WAITS = Counter(
    "scanyard_target_waits_total",
    "First admissions in queues with targetWaitSeconds, by whether the wait was within it.",
    (*_QUEUE, "within"),
)
WAIT_SECONDS = Histogram(
    "scanyard_scan_wait_seconds",
    "From the moment in which a ScanJob could run to its admission.",
    _QUEUE,
    buckets=_LONG_BUCKETS,
)
ADMISSION_SECONDS = Histogram(
    "scanyard_admission_duration_seconds",
    "The operator's own part of a wait: from its look at who is next to the admission in status.",
    buckets=_SHORT_BUCKETS,
)
RUN_SECONDS = Histogram(
    "scanyard_scan_run_seconds",
    "From the scanner's start to its end.",
    _SCANS,
    buckets=_LONG_BUCKETS,
)
ATTEMPTS_ENDED = Counter(
    "scanyard_attempts_ended_total",
    "Attempts that ended, by reason (ScanComplete, TimedOut, Cancelled, ScannerError, ...).",
    (*_SCANS, "reason"),
)
FINISHED = Counter(
    "scanyard_scans_finished_total",
    "ScanJobs that came to their end, by phase; one that is run again counts again.",
    (*_QUEUE, "phase"),
)
START_REFUSALS = Counter(
    "scanyard_start_refusals_total",
    "Admitted attempts whose Pod was not created, by reason (PodRefused, OutOfScope, ...); they "
    "count as no attempt and are tried again.",
    (*_SCANS, "reason"),
)
RETRIES = Counter(
    "scanyard_retries_total",
    "Failed attempts that are followed by another, by cause (NodeLost, Evicted, ...).",
    (*_SCANS, "cause"),
)
TIMEOUTS = Counter("scanyard_scan_timeouts_total", "Scans ended by their timeout.", _SCANS)
CPU_SECONDS = Histogram(
    "scanyard_scan_cpu_seconds",
    "CPU time of a scanner's process, as its runner reports it.",
    ("scanner",),
    buckets=_LONG_BUCKETS,
)
MEMORY_BYTES = Histogram(
    "scanyard_scan_peak_memory_bytes",
    "Largest resident memory of a scanner's process, as its runner reports it; Linux tells of at "
    "least the runner's own, some 15 MB.",
    ("scanner",),
    buckets=_MEMORY_BUCKETS,
)

INSTALLATION_LIMIT = Gauge(
    "scanyard_installation_limit",
    "maxConcurrentScans of the installation; 0 if only the queues' limits count.",
)
LEADER = Gauge("scanyard_leader", "1 while this process holds the Lease and leads.")
LEDGER_AVAILABLE = Gauge("scanyard_ledger_available", "1 while Redis answers and is current.")
REDIS_CERTIFICATE = Gauge(
    "scanyard_redis_certificate_expiry_timestamp_seconds",
    "Unix time at which the certificate of Redis ends that was seen last; 0 without TLS.",
)
LEDGER_REBUILDS = Counter("scanyard_ledger_rebuilds_total", "Times the ledger was rebuilt.")
REDIS_SECONDS = Histogram(
    "scanyard_redis_command_duration_seconds",
    "Round trip of a ledger command.",
    buckets=_SHORT_BUCKETS,
)

API_REQUESTS = Counter(
    "scanyard_api_requests_total",
    "Requests to the Kubernetes API, by verb, resource and status code (0: no answer).",
    ("verb", "resource", "code"),
)
API_SECONDS = Histogram(
    "scanyard_api_request_duration_seconds",
    "How long those took.",
    ("verb", "resource"),
    buckets=_SHORT_BUCKETS,
)
LAST_EVENT = Gauge(
    "scanyard_last_event_timestamp_seconds", "Unix time of the newest watch event.", ("resource",)
)
WATCH_LAG = Gauge(
    "scanyard_watch_lag_seconds",
    "For how long the watch has not told of the oldest of the operator's own writes; 0 if of all.",
    ("resource",),
)
DIRTY_KEYS = Gauge("scanyard_dirty_keys", "ScanJobs that wait to be reconciled.")
RECONCILE_ERRORS = Counter(
    "scanyard_reconcile_errors_total", "Reconciles that will be repeated, by error.", ("error",)
)
UNREADABLE_OBJECTS = Counter(
    "scanyard_unreadable_objects_total", "Objects whose status somebody else has spoilt."
)

Metric = Counter | Gauge | Histogram
#: Those in which a ScanJob ends.
PHASES: Final = ("Succeeded", "Failed", "TimedOut", "Cancelled")
#: All of them, as docs/metrics.md has them.
SECTIONS: Final[dict[str, tuple[Metric, ...]]] = {
    "Queues": (
        QUEUE_WAITING,
        QUEUE_ELIGIBLE,
        QUEUE_OLDEST_WAIT,
        QUEUE_TARGET_WAIT,
        QUEUE_RUNNING,
        QUEUE_LIMIT,
        QUEUE_HELD,
        QUEUE_PACKETS,
        QUEUE_PACKETS_LIMIT,
        QUEUE_UNCONFIRMED,
        QUEUE_WAITING_BY_REASON,
        NAMESPACE_RUNNING,
        NAMESPACE_WAITING,
        NAMESPACE_FAIR_SHARE,
        WAITING_WITHOUT_QUEUE,
    ),
    "Scans": (
        ADMISSIONS,
        LIMIT_EXCEEDED,
        WAIT_SECONDS,
        TARGET_WAITS,
        ADMISSION_SECONDS,
        RUN_SECONDS,
        FINISHED,
        ATTEMPTS_ENDED,
        START_REFUSALS,
        RETRIES,
        TIMEOUTS,
        CPU_SECONDS,
        MEMORY_BYTES,
    ),
    "Leadership and ledger": (
        INSTALLATION_LIMIT,
        LEADER,
        LEDGER_AVAILABLE,
        LEDGER_REBUILDS,
        REDIS_SECONDS,
        REDIS_CERTIFICATE,
    ),
    "Kubernetes": (
        API_REQUESTS,
        API_SECONDS,
        LAST_EVENT,
        WATCH_LAG,
        DIRTY_KEYS,
        RECONCILE_ERRORS,
        UNREADABLE_OBJECTS,
    ),
}


def expect_queue(namespace: str, queue: str) -> None:
    """Serve what may happen to a queue as 0 before it does: Prometheus counts from there."""
    for counter in (ADMISSIONS, LIMIT_EXCEEDED):
        counter.labels(namespace, queue)
    for phase in PHASES:
        FINISHED.labels(namespace, queue, phase)


def forget_queues(gone: Collection[tuple[str, str]]) -> None:
    """These queues (namespace, name) are gone: none of their series is served any more."""
    for metric in (*SECTIONS["Queues"], *SECTIONS["Scans"]):
        if metric._labelnames[: len(_QUEUE)] != _QUEUE:  # noqa: SLF001 - no other way
            continue
        # One look at all series, however many queues go at once.
        series = list(metric._metrics)  # noqa: SLF001
        for values in series:
            if values[: len(_QUEUE)] in gone:
                metric.remove(*values)
