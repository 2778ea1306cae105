"""Overview: is everything well, and if not, where to look."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.board import Rows, new_board
from grafana.dress import BAD, GOOD, NONE_AT_ALL, PLAIN, WARN, below
from grafana.panels import lines, stacked, stat, table
from grafana.queries import BY_QUEUE, COUNTED, INSTALLATION, QUEUES, SHOWN, Query, increase, largest

#: What the phases of ScanJobs look like everywhere.
PHASES: Final = {"Succeeded": GOOD, "Failed": BAD, "TimedOut": WARN, "Cancelled": "text"}
_YES_OR_NO: Final = "0 = no, 1 = yes."
_HELD: Final = f"max by ({BY_QUEUE}) (scanyard_queue_held{{{QUEUES}}})"
_WAITS: Final = f"max by ({BY_QUEUE}) (scanyard_queue_oldest_wait_seconds{{{QUEUES}}})"
_QUEUE_NAME: Final = "{{queue_namespace}}/{{queue}}"


def board(uid: str) -> Dashboard:
    """The dashboard."""
    rows: Rows = {
        "Is everything well?": [*_health(), *_queues_now()],
        "Queues": [
            waiting_by_reason(),
            lines(
                "Running, against the limits",
                "Slots that scans hold, beside all that the chosen queues have together. The "
                "installation may allow fewer: `maxConcurrentScans`.",
                "short",
                Query(f"sum(scanyard_queue_running{{{QUEUES}}})", "running"),
                Query(f"sum(scanyard_queue_limit{{{QUEUES}}})", "limit"),
                Query(
                    f"max(scanyard_installation_limit{{{INSTALLATION}}}) > 0",
                    "installation's limit",
                ),
                dashed="limit",
                runbook="ScanyardQueueStuck",
            ),
            outcomes(),
            lines(
                "Longest waits",
                "How long the oldest ScanJob of a queue has been waiting for nothing but a slot: "
                "the queues with the longest.",
                "s",
                Query(largest(_WAITS), _QUEUE_NAME),
                runbook="ScanyardWaitOverTarget",
            ),
            _table(),
        ],
    }
    about = "Is everything well? Leader, Redis, queues, waits and outcomes of Scanyard at a glance."
    return new_board(uid, "Overview", about, rows, by_queue=True)


def waiting_by_reason() -> object:
    """What ScanJobs wait for."""
    return stacked(
        "Waiting, by reason",
        "ScanJobs that wait, by what each waits for, as `scanyard why` tells it. docs/waiting.md "
        "says of each reason what it means and what to do.",
        "short",
        Query(f"sum by (reason) (scanyard_queue_waiting_by_reason{{{QUEUES}}})", "{{reason}}"),
        runbook="ScanyardQueueStuck",
    )


def outcomes() -> object:
    """What became of ScanJobs."""
    return stacked(
        "Outcomes",
        f"ScanJobs that came to their end, by phase. {COUNTED}",
        "short",
        Query(increase("scanyard_scans_finished_total", QUEUES, "phase"), "{{phase}}"),
        colours=PHASES,
        runbook="ScanyardScansFail",
    )


def _health() -> list[object]:
    leads = f"min(max by (namespace) (scanyard_leader{{{INSTALLATION}}}))"
    answers = f"min(max by (namespace) (scanyard_ledger_available{{{INSTALLATION}}}))"
    firing = 'alertname=~"Scanyard.+", alertstate="firing", namespace=~"$namespace|"'
    return [
        stat(
            "Leader",
            "Whether an operator leads, in each of the chosen installations. Without one no scan "
            f"starts, and no end is noticed. {_YES_OR_NO}",
            "short",
            Query(leads),
            words={"0": ("none", BAD), "1": ("leads", GOOD)},
            runbook="ScanyardNoLeader",
            nothing="not scraped",
        ),
        stat(
            "Redis",
            "Whether Redis answers and holds what it must. While it is away no scan starts; what "
            f"runs goes on. {_YES_OR_NO}",
            "short",
            Query(answers),
            words={"0": ("away", BAD), "1": ("answers", GOOD)},
            runbook="ScanyardLedgerUnavailable",
            nothing="not scraped",
        ),
        stat(
            "Alerts that fire",
            "Scanyard's alerts, if this Prometheus evaluates the chart's rules; docs/alerts.md "
            "lists them.",
            "short",
            Query(f"count(ALERTS{{{firing}}}) or vector(0)"),
            steps=NONE_AT_ALL,
        ),
        stat(
            "Limit exceeded",
            "How often, in the time shown, a queue held more slots than its limit. This must never "
            "happen.",
            "short",
            Query(increase("scanyard_limit_exceeded_total", QUEUES, over=SHOWN)),
            steps=NONE_AT_ALL,
            runbook="ScanyardLimitExceeded",
        ),
        stat(
            "Unconfirmed slots",
            "Slots that are held for scans of which nobody knows whether they still run, such as "
            "those on a lost node.",
            "short",
            Query(f"sum(scanyard_queue_unconfirmed_slots{{{QUEUES}}})"),
            steps=below(1, WARN),
            runbook="ScanyardSlotsUnconfirmed",
        ),
        stat(
            "In a queue that is not there",
            "ScanJobs whose queueRef names no ScanQueue, in any namespace: they wait until "
            "somebody creates it.",
            "short",
            Query(f"sum(scanyard_waiting_without_queue{{{INSTALLATION}}})"),
            steps=below(1, WARN),
        ),
    ]


def _queues_now() -> list[object]:
    finished = increase(
        "scanyard_scans_finished_total", f'{QUEUES}, phase!="Cancelled"', over=SHOWN
    )
    bad = increase(
        "scanyard_scans_finished_total", f'{QUEUES}, phase=~"Failed|TimedOut"', over=SHOWN
    )
    return [
        stat(
            "Slots in use",
            "Share of the chosen queues' slots that are in use.",
            "percentunit",
            Query(
                f"sum(scanyard_queue_running{{{QUEUES}}}) / sum(scanyard_queue_limit{{{QUEUES}}})"
            ),
        ),
        stat(
            "Waiting",
            "ScanJobs that wait in the chosen queues, for whatever reason.",
            "short",
            Query(f"sum(scanyard_queue_waiting{{{QUEUES}}})"),
        ),
        stat(
            "Oldest wait",
            "How long the oldest of those has been waiting that wait for nothing but a slot.",
            "s",
            Query(f"max(scanyard_queue_oldest_wait_seconds{{{QUEUES}}})"),
            runbook="ScanyardWaitOverTarget",
        ),
        stat(
            "Queues held",
            "Queues that admit nothing at present: by their stopPolicy, an emergency stop, or "
            "their windows.",
            "short",
            Query(f"sum({_HELD})"),
            steps=below(1, "yellow"),
        ),
        stat(
            "Finished",
            "ScanJobs that came to an end in the time shown, without those that were cancelled.",
            "short",
            Query(finished),
            steps=PLAIN,
        ),
        stat(
            "Failed or timed out",
            "The share of these that failed, or came to their timeout. The alerts' limits are 20 % "
            "and 10 %.",
            "percentunit",
            Query(f"{bad} / ({finished} > 0)"),
            steps=((None, GOOD), (0.1, WARN), (0.2, BAD)),
            runbook="ScanyardScansFail",
        ),
    ]


def _table() -> object:
    def now(metric: str) -> Query:
        return Query(f"max by ({BY_QUEUE}) ({metric}{{{QUEUES}}})")

    return table(
        "Queues now",
        "Each chosen queue as it is now. A target of 0 s means that the queue says none.",
        {"namespace": "installation", "queue_namespace": "queue namespace", "queue": "queue"},
        {
            "waiting": (now("scanyard_queue_waiting"), "short"),
            "for a slot only": (now("scanyard_queue_eligible"), "short"),
            "running": (now("scanyard_queue_running"), "short"),
            "limit": (now("scanyard_queue_limit"), "short"),
            "oldest wait": (Query(_WAITS), "s"),
            "target": (now("scanyard_queue_target_wait_seconds"), "s"),
            "held": (Query(_HELD), "bool_yes_no"),
        },
        sort_by="oldest wait",
    )
