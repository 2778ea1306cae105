"""How a ScanJob presents itself: phase for people, conditions for machines.

kstatus (Argo CD, Flux, `kubectl wait`) reads Reconciling, Stalled and Ready; `Finished` is the one
thing to wait for whatever the outcome. A suspended ScanJob has none of the kstatus three.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from scanyard.lifecycle.explaining.outlook import waits_no_more
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.template import INVALID_POD_TEMPLATE
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import Condition, JobStatus
from scanyard.lifecycle.timestamps import format_time
from scanyard.lifecycle.timing.windows import OUTSIDE_WINDOW, Standing

_MESSAGE_LIMIT = 1024
_LEDGER_UNAVAILABLE = "LedgerUnavailable"
_LABELS_UNREADABLE = (
    "this installation has rights in single namespaces only and cannot read their labels, so that "
    "allowedNamespaces.selector lets nobody in: select by the label kubernetes.io/metadata.name, "
    "which is the namespace's name, or write from: Same or All, or watch all namespaces"
)
#: The reason of a queue's Ready, which `kubectl get` shows as its state, by what holds the queue.
_STATES = {"EmergencyStop": "EmergencyStop", "Hold": "Held", "HoldAndDrain": "Draining"}


def in_progress(
    job: Job, status: JobStatus, now: datetime, *, phase: str, reason: str, message: str
) -> JobStatus:
    """Waiting, starting, running or stopping."""
    wanted = {"Finished": False, "Reconciling": True}
    return _present(job, status, now, wanted, phase, reason, message)


def succeeded(job: Job, status: JobStatus, now: datetime, message: str) -> JobStatus:
    """The scan ran to its own end."""
    wanted = {"Finished": True, "Succeeded": True, "Reconciling": False, "Ready": True}
    wanted["Stalled"] = False
    done = replace(status, finished_at=status.finished_at or now, progress=100)
    return _present(job, done, now, wanted, "Succeeded", "ScanComplete", message)


def failed(
    job: Job, status: JobStatus, now: datetime, *, phase: str, reason: str, message: str
) -> JobStatus:
    """Failed, TimedOut or Cancelled: nothing more happens without a rerun."""
    wanted = {"Finished": True, "Succeeded": False, "Reconciling": False, "Ready": False}
    wanted["Stalled"] = True
    done = replace(status, finished_at=status.finished_at or now)
    return _present(job, done, now, wanted, phase, reason, message)


def suspended(job: Job, status: JobStatus, now: datetime) -> JobStatus:
    """Out of the queue until `suspend` is taken back."""
    message = "suspended by its spec; set suspend to false to put it back in the queue"
    return _present(
        job, status, now, {"Finished": False, "Suspended": True}, "Suspended", "Suspended", message
    )


def observed(job: Job, status: JobStatus) -> JobStatus:
    """The same outcome for a newer generation: a finished ScanJob has seen the change."""
    return replace(
        status,
        observed_generation=job.generation,
        conditions=tuple(
            replace(item, observed_generation=job.generation) for item in status.conditions
        ),
    )


def queue_conditions(
    queue: Queue,
    *,
    ledger_trouble: str,
    labels_readable: bool = True,
    now: datetime,
    policy: tuple[bool, str, str] | None = None,
) -> list[dict[str, Any]]:
    """Ready, Held and LedgerAvailable of a ScanQueue, as its status holds them.

    NamespacesResolved beside them, where the queue asks for labels that nobody can read, and
    NetworkPolicyComplete, where `policy` says how that is.
    """
    before = {item["type"]: Condition.read(item) for item in queue.status.get("conditions") or ()}
    why_held, held = queue.held_by
    ready = not queue.held and not ledger_trouble
    admits = f"held by {held}" if queue.stopped else "ScanJobs are admitted as slots come free"
    state, told = _STATES.get(why_held, "Held") if queue.stopped else "Admitting", admits
    if queue.windows and not queue.stopped:
        state, told = _window_state(queue.standing, admits)
    if queue.template_fault and not queue.stopped:
        state, told = INVALID_POD_TEMPLATE, queue.template_fault
    if ledger_trouble and queue.emergency_stop is None:
        state, told = _LEDGER_UNAVAILABLE, ledger_trouble
    words = {
        "Ready": (ready, state, told),
        "Held": (queue.stopped, why_held if queue.stopped else "NotHeld", admits),
        "LedgerAvailable": (
            not ledger_trouble,
            _LEDGER_UNAVAILABLE if ledger_trouble else "LedgerCurrent",
            ledger_trouble or "the ledger is current",
        ),
    }
    if queue.allowed_namespaces.needs_labels and not labels_readable:
        words["NamespacesResolved"] = (False, "NamespaceLabelsUnreadable", _LABELS_UNREADABLE)
    if policy is not None:
        words["NetworkPolicyComplete"] = policy
    return [
        _condition(before.get(kind), kind, value, reason, text, queue.generation, now).raw()
        for kind, (value, reason, text) in words.items()
    ]


def _window_state(standing: Standing, admits: str) -> tuple[str, str]:
    """State and message of a queue that only its windows can close."""
    if not standing.is_open:
        return standing.reason or OUTSIDE_WINDOW, standing.message
    if standing.closes_at is None:
        return "Admitting", admits
    return "Admitting", f"{admits}, until its window ends at {format_time(standing.closes_at)}"


def _present(
    job: Job,
    status: JobStatus,
    now: datetime,
    wanted: dict[str, bool],
    phase: str,
    reason: str,
    message: str,
) -> JobStatus:
    conditions = tuple(
        _condition(status.condition(kind), kind, value, reason, message, job.generation, now)
        for kind, value in wanted.items()
    )
    if phase != "Queued":
        status = waits_no_more(status)
    return replace(status, phase=phase, conditions=conditions, observed_generation=job.generation)


def _condition(
    before: Condition | None,
    kind: str,
    value: bool,
    reason: str,
    message: str,
    generation: int,
    now: datetime,
) -> Condition:
    unchanged = before is not None and before.status == value
    changed_at = before.changed_at if before is not None and unchanged else now
    return Condition(kind, value, reason, message[:_MESSAGE_LIMIT], generation, changed_at)
