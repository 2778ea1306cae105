"""Operator: how the operator itself is doing, and what it asks of Redis and of the API server."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.board import Rows, new_board
from grafana.dress import BAD, GOOD, NONE_AT_ALL, WARN
from grafana.panels import lines, stacked, stat, states
from grafana.queries import (
    COUNTED,
    INSTALLATION,
    SHOWN,
    Query,
    happened,
    increase,
    largest,
    quantile,
    quantiles,
    rate,
)

#: A Lease is renewed whether anything is scanned or not.
_WRITES: Final = f'{INSTALLATION}, verb=~"create|patch|update|delete", resource!="leases"'
#: As the alert ScanyardWatchStale has it by default.
_LAG_SECONDS: Final = 60


def board(uid: str) -> Dashboard:
    """The dashboard."""
    rows: Rows = {
        "Leadership and ledger": _leadership(),
        "Watches and work": _work(),
        "Latency": _latency(),
        "Requests to the API server": _requests(),
        "Process": _process(),
    }
    about = "The operator: who leads, the ledger in Redis, watches, latencies, requests, memory."
    return new_board(uid, "Operator", about, rows, by_queue=False)


def _leadership() -> list[object]:
    expiry = f"scanyard_redis_certificate_expiry_timestamp_seconds{{{INSTALLATION}}}"
    return [
        states(
            "Who leads",
            "Each operator Pod: whether it leads or stands by. A Pod that is gone has no bar.",
            Query(f"max by (pod) (scanyard_leader{{{INSTALLATION}}})", "{{pod}}"),
            {"1": ("leads", GOOD), "0": ("stands by", "text")},
            runbook="ScanyardNoLeader",
        ),
        states(
            "Redis",
            "Whether Redis answers the leader and holds what it must.",
            Query(
                f"max by (namespace) (scanyard_ledger_available{{{INSTALLATION}}})", "{{namespace}}"
            ),
            {"1": ("answers", GOOD), "0": ("away", BAD)},
            runbook="ScanyardLedgerUnavailable",
        ).height(8),
        stat(
            "Standbys",
            "Operator Pods that could take over at once. Without any, the loss of the leader means "
            "a longer pause.",
            "short",
            Query(
                f"sum(scanyard_leader{{{INSTALLATION}}} == bool 0)",
            ),
            steps=((None, WARN), (1, GOOD)),
        ).height(8),
        stat(
            "Ledger rebuilds",
            "How often the ledger was rebuilt in the time shown: once for each new leader, and "
            "each time that Redis had lost something.",
            "short",
            Query(increase("scanyard_ledger_rebuilds_total", INSTALLATION, over=SHOWN)),
            runbook="ScanyardLedgerUnavailable",
        ).height(8),
        stat(
            "Certificate of Redis",
            "For how long it is still valid.",
            "s",
            Query(f"min(({expiry} > 0) - time())"),
            steps=((None, BAD), (14 * 86_400, WARN), (30 * 86_400, GOOD)),
            runbook="ScanyardRedisCertificateEnds",
            nothing="no TLS",
        ).height(8),
        lines(
            "Redis commands",
            "Round trip of a ledger command: half of them, 95 % and 99 % took less.",
            "s",
            *quantiles("scanyard_redis_command_duration_seconds", INSTALLATION),
            runbook="ScanyardLedgerUnavailable",
        ),
    ]


def _work() -> list[object]:
    newest = (
        f"max by (namespace, resource) (scanyard_last_event_timestamp_seconds{{{INSTALLATION}}})"
    )
    return [
        lines(
            "Watch lag",
            "For how long a watch has not told of the oldest of the operator's own writes. It "
            "comes back to 0 by itself; above the line the watch is dead.",
            "s",
            Query(
                f"max by (resource) (scanyard_watch_lag_seconds{{{INSTALLATION}}})", "{{resource}}"
            ),
            limit=_LAG_SECONDS,
            runbook="ScanyardWatchStale",
            wide=8,
        ),
        lines(
            "Age of the newest event",
            "How long ago a watch last told of anything. In a cluster where nothing happens it "
            "only grows: what is wrong shows in the watch lag.",
            "s",
            Query(f"max by (resource) (time() - {newest})", "{{resource}}"),
            runbook="ScanyardWatchStale",
            wide=8,
        ),
        lines(
            "ScanJobs to be looked at",
            "Keys in the leader's work queue. It empties within seconds, also after a new leader "
            "has looked at everything; one that grows says that the API server is slow.",
            "short",
            Query(f"sum(scanyard_dirty_keys{{{INSTALLATION}}})", "keys"),
            runbook="ScanyardReconcileErrors",
            wide=8,
        ),
        stacked(
            "Looks that will be repeated, by error",
            "Reconciles that failed. A conflict now and then is nothing; the same error again and "
            f"again is. {COUNTED}",
            "short",
            Query(happened("scanyard_reconcile_errors_total", INSTALLATION, "error"), "{{error}}"),
            runbook="ScanyardReconcileErrors",
            wide=20,
        ),
        stat(
            "Unreadable objects",
            "Versions of objects in the time shown whose status somebody else has spoilt; the "
            "operator leaves those alone.",
            "short",
            Query(increase("scanyard_unreadable_objects_total", INSTALLATION, over=SHOWN)),
            steps=NONE_AT_ALL,
        ).height(8),
    ]


def _latency() -> list[object]:
    api = quantile(0.95, "scanyard_api_request_duration_seconds", INSTALLATION, "verb")
    return [
        lines(
            "Admission",
            "The operator's own part of a wait, from its look at who is next to the admission in "
            "status: half of them, 95 % and 99 % took less.",
            "s",
            *quantiles("scanyard_admission_duration_seconds", INSTALLATION),
        ),
        lines(
            "API server, p95 by verb",
            "95 % of the operator's requests to the API server took less.",
            "s",
            Query(api, "{{verb}}"),
        ),
    ]


def _requests() -> list[object]:
    writes = rate("scanyard_api_requests_total", _WRITES, over="15m")
    admitted = rate("scanyard_admissions_total", INSTALLATION, over="15m")
    return [
        stacked(
            "Requests, by verb",
            "Requests to the API server a second.",
            "reqps",
            Query(rate("scanyard_api_requests_total", INSTALLATION, "verb"), "{{verb}}"),
            wide=8,
        ),
        lines(
            "Writes for each scan",
            "Writes to the API server but for Leases, divided by admissions, over 15 minutes: what "
            "a scan costs. 5 to 10 are usual, more where scans wait for long; many more mean that "
            "something is written again and again.",
            "short",
            Query(f"{writes} / ({admitted} > 0)", "writes"),
            wide=8,
        ),
        lines(
            "Requests that failed, by code",
            "Answers other than 2xx, a second; code 0 is no answer. 409 is a conflict, settled by "
            "another look; 404 is what is gone already.",
            "reqps",
            Query(
                largest(
                    rate("scanyard_api_requests_total", f'{INSTALLATION}, code!~"2.."', "code")
                ),
                "{{code}}",
            ),
            runbook="ScanyardReconcileErrors",
            wide=8,
        ),
    ]


def _process() -> list[object]:
    return [
        lines(
            "Memory",
            "Resident memory of each operator Pod; it takes some 10 kB for each ScanJob.",
            "bytes",
            Query(_by_pod("process_resident_memory_bytes"), "{{pod}}"),
            wide=8,
        ),
        lines(
            "CPU",
            "CPU time of each operator Pod, in cores.",
            "short",
            Query(_by_pod("rate(process_cpu_seconds_total", "[$__rate_interval])"), "{{pod}}"),
            wide=8,
        ),
        lines(
            "Series of one scrape",
            "How many series Prometheus takes from each operator Pod; docs/metrics.md says what to "
            "expect of so many queues.",
            "short",
            Query(_by_pod("scrape_samples_scraped"), "{{pod}}"),
            wide=8,
        ),
    ]


def _by_pod(metric: str, end: str = "") -> str:
    """Of the operator's own processes, among all that are scraped in their namespace."""
    return (
        f"max by (pod) ({metric}{{{INSTALLATION}}}{end} "
        f"and on (namespace, pod) scanyard_leader{{{INSTALLATION}}})"
    )
