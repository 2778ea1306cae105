"""Queue: why one queue is as it is. Depth, waits, who uses it, what became of the scans."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.board import Rows, new_board
from grafana.dress import BAD, GOOD, WARN
from grafana.overview import outcomes, waiting_by_reason
from grafana.panels import bars, heat, lines, stacked, stat
from grafana.queries import (
    BY_QUEUE,
    COUNTED,
    QUEUES,
    SHOWN,
    Query,
    happened,
    increase,
    largest,
    quantile,
    quantiles,
)

_QUEUE_NAME: Final = "{{queue_namespace}}/{{queue}}"
_NAMESPACE: Final = "{{scanjob_namespace}}"


def board(uid: str) -> Dashboard:
    """The dashboard."""
    rows: Rows = {
        "Depth": _depth(),
        "Waiting times": _waits(),
        "Who uses it": _use(),
        "What became of the scans": _ends(),
    }
    about = "One queue, or some: what waits and why, how long, who uses it, and how scans end."
    return new_board(uid, "Queue", about, rows, by_queue=True)


def _of_queues(metric: str) -> str:
    return f"max by ({BY_QUEUE}) ({metric}{{{QUEUES}}})"


def _by_namespace(metric: str) -> str:
    return f"sum by (scanjob_namespace) ({metric}{{{QUEUES}}})"


def _depth() -> list[object]:
    return [
        waiting_by_reason(),
        lines(
            "Waiting, by queue",
            "ScanJobs that wait in each queue, for whatever reason: the longest queues.",
            "short",
            Query(largest(_of_queues("scanyard_queue_waiting")), _QUEUE_NAME),
        ),
    ]


def _waits() -> list[object]:
    within = increase("scanyard_target_waits_total", f'{QUEUES}, within="true"', over=SHOWN)
    judged = increase("scanyard_target_waits_total", QUEUES, over=SHOWN)
    return [
        lines(
            "Wait until admission",
            "From the moment in which a ScanJob could run to its admission: half of them, 95 % and "
            "99 % waited less.",
            "s",
            *quantiles("scanyard_scan_wait_seconds", QUEUES),
            runbook="ScanyardWaitOverTarget",
        ),
        heat(
            "Wait until admission, all of them",
            "How many ScanJobs were admitted after which wait; the darker the more.",
            "s",
            Query(increase("scanyard_scan_wait_seconds_bucket", QUEUES, "le"), "{{le}}"),
        ),
        stat(
            "Admitted in time",
            "The share of the first admissions in the time shown that came within the queue's "
            "targetWaitSeconds; only of queues that say one.",
            "percentunit",
            Query(f"({within} or vector(0)) / ({judged} > 0)"),
            steps=((None, BAD), (0.9, WARN), (0.95, GOOD)),
            runbook="ScanyardWaitOverTarget",
            nothing="no target",
        ).height(8),
        lines(
            "Oldest wait, beside its target",
            "How long the oldest ScanJob of a queue has been waiting for nothing but a slot, and "
            "the shortest targetWaitSeconds of the chosen queues.",
            "s",
            Query(largest(_of_queues("scanyard_queue_oldest_wait_seconds")), _QUEUE_NAME),
            Query(f"min(scanyard_queue_target_wait_seconds{{{QUEUES}}} > 0)", "target"),
            dashed="target",
            runbook="ScanyardWaitOverTarget",
            wide=10,
        ),
        lines(
            "Run time",
            "From the scanner's start to its end: half of the scans, and 95 %, took less.",
            "s",
            *(
                Query(quantile(share, "scanyard_scan_run_seconds", QUEUES, "scanner"), legend)
                for share, legend in ((0.5, "{{scanner}} p50"), (0.95, "{{scanner}} p95"))
            ),
            runbook="ScanyardScansTimeOut",
            wide=10,
        ),
    ]


def _use() -> list[object]:
    of_namespace = f"{BY_QUEUE}, scanjob_namespace"
    running, part = (
        f"max by ({of_namespace}) (scanyard_queue_namespace_{what}{{{QUEUES}}})"
        for what in ("running", "fair_share")
    )
    return [
        lines(
            "Slots in use",
            "Share of a queue's slots that are in use: the fullest queues. One that stays at 100 % "
            "while others wait needs a higher maxConcurrent.",
            "percentunit",
            Query(
                largest(
                    f"{_of_queues('scanyard_queue_running')} "
                    f"/ ({_of_queues('scanyard_queue_limit')} > 0)"
                ),
                _QUEUE_NAME,
            ),
            most=1,
            runbook="ScanyardQueueStuck",
        ),
        lines(
            "Packet budget in use",
            "Share of a queue's packetsPerSecond that its running scans may send; only of queues "
            "that have a budget.",
            "percentunit",
            Query(
                largest(
                    f"{_of_queues('scanyard_queue_packets_per_second')} "
                    f"/ ({_of_queues('scanyard_queue_packets_per_second_limit')} > 0)"
                ),
                _QUEUE_NAME,
            ),
            most=1,
        ),
        stacked(
            "Slots, by namespace",
            "Slots that the ScanJobs of each namespace hold: those with the most. A queue that "
            "more than 50 namespaces use tells the rest together, as (others).",
            "short",
            Query(largest(_by_namespace("scanyard_queue_namespace_running")), _NAMESPACE),
            wide=8,
        ),
        bars(
            "Slots, for each that is fair",
            "Slots that a namespace holds in a queue, divided by its fair part there; only of "
            "queues with ordering FairShare. 1 is exactly its part; below, it is next or has "
            "nothing to do.",
            "short",
            Query(largest(f"{running} / ({part} > 0)"), f"{_NAMESPACE} in {_QUEUE_NAME}"),
            wide=8,
        ),
        stacked(
            "Waiting for their turn, by namespace",
            "ScanJobs of each namespace that wait for a slot, for packets, for a target, or until "
            "fewer of their own wait: those with the most.",
            "short",
            Query(largest(_by_namespace("scanyard_queue_namespace_waiting")), _NAMESPACE),
            wide=8,
        ),
    ]


def _ends() -> list[object]:
    return [
        outcomes(),
        stacked(
            "Attempts, by how they ended",
            f"Attempts that ended, by the reason in their status. {COUNTED}",
            "short",
            Query(happened("scanyard_attempts_ended_total", QUEUES, "reason"), "{{reason}}"),
            runbook="ScanyardScansFail",
        ),
        stacked(
            "Retries, by cause",
            f"Failed attempts that another one followed, by the cause in spec.retry. {COUNTED}",
            "short",
            Query(happened("scanyard_retries_total", QUEUES, "cause"), "{{cause}}"),
            wide=8,
        ),
        stacked(
            "Timeouts, by queue",
            f"Scans that their timeout ended: the queues with the most. {COUNTED}",
            "short",
            Query(largest(happened("scanyard_scan_timeouts_total", QUEUES, BY_QUEUE)), _QUEUE_NAME),
            runbook="ScanyardScansTimeOut",
            wide=8,
        ),
        stacked(
            "Starts that were refused, by reason",
            "Admitted attempts whose Pod was not created; they are tried again and count as none. "
            + COUNTED,
            "short",
            Query(
                happened("scanyard_start_refusals_total", QUEUES, "reason"),
                "{{reason}}",
            ),
            runbook="ScanyardPodsDoNotStart",
            wide=8,
        ),
    ]
