"""Prometheus metrics of the operator, in one place; no series carries a scan's name or target."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

#: From a tenth of a second to a week: a wait or a run may be either.
_LONG_BUCKETS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 43200, 86400, 604800)
_SHORT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
_QUEUE = ("namespace", "queue")

QUEUE_WAITING = Gauge("scanyard_queue_waiting", "ScanJobs that wait in a queue.", _QUEUE)
QUEUE_RUNNING = Gauge("scanyard_queue_running", "Slots of a queue that are held.", _QUEUE)
QUEUE_LIMIT = Gauge("scanyard_queue_limit", "maxConcurrent of a queue.", _QUEUE)
WAIT_SECONDS = Histogram(
    "scanyard_scan_wait_seconds",
    "From queuedAt to the first admission.",
    _QUEUE,
    buckets=_LONG_BUCKETS,
)
RUN_SECONDS = Histogram(
    "scanyard_scan_run_seconds",
    "From the scanner's start to its end.",
    (*_QUEUE, "scanner"),
    buckets=_LONG_BUCKETS,
)
ATTEMPTS_ENDED = Counter(
    "scanyard_attempts_ended_total",
    "Attempts that ended, by reason (ScanComplete, TimedOut, Cancelled, ScannerError, ...).",
    (*_QUEUE, "scanner", "reason"),
)
RETRIES = Counter(
    "scanyard_retries_total",
    "Failed attempts that are followed by another, by cause (NodeLost, Evicted, ...).",
    (*_QUEUE, "scanner", "cause"),
)
TIMEOUTS = Counter(
    "scanyard_scan_timeouts_total", "Scans ended by their timeoutSeconds.", (*_QUEUE, "scanner")
)
API_REQUESTS = Counter(
    "scanyard_api_requests_total",
    "Requests to the Kubernetes API, by verb, resource and status code (0: no answer).",
    ("verb", "resource", "code"),
)
API_SECONDS = Histogram(
    "scanyard_api_request_seconds",
    "Latency of those.",
    ("verb", "resource"),
    buckets=_SHORT_BUCKETS,
)
REDIS_SECONDS = Histogram(
    "scanyard_redis_command_seconds", "Round trip of a ledger command.", buckets=_SHORT_BUCKETS
)
LEADER = Gauge("scanyard_leader", "1 while this process holds the Lease and leads.")
LEDGER_AVAILABLE = Gauge("scanyard_ledger_available", "1 while Redis answers and is current.")
LEDGER_REBUILDS = Counter("scanyard_ledger_rebuilds_total", "Times the ledger was rebuilt.")
LAST_EVENT = Gauge(
    "scanyard_last_event_timestamp_seconds", "Unix time of the newest watch event.", ("resource",)
)
RECONCILE_ERRORS = Counter(
    "scanyard_reconcile_errors_total", "Reconciles that will be repeated, by error.", ("error",)
)
UNREADABLE_OBJECTS = Counter(
    "scanyard_unreadable_objects_total", "Objects whose status somebody else has spoilt."
)
DIRTY_KEYS = Gauge("scanyard_dirty_keys", "ScanJobs that wait to be reconciled.")
