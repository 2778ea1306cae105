"""Looking at one ScanJob at NOW, and what the decision says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import AttemptView, Decision, Holding, View
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.queue import read_queue, seen_at
from tests.support.objects import NOW, at, raw_job, raw_queue

HELD: Final = Holding("team/default", 1)
WISHES: Final[dict[str, dict[str, Any]]] = {
    "run": {},
    "cancel": {"cancel": True},
    "suspend": {"suspend": True},
}
#: The state of a container that runs.
RUNNING: Final = {"running": {"startedAt": at(-4)}}
#: spec.retry of a ScanJob whose first failure is its last.
ONCE: Final = {"maxAttempts": 1, "backoffSeconds": 10, "maxBackoffSeconds": 300, "causes": []}


def look(
    *,
    status: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    queue: Mapping[str, Any] | None = None,
    view: Mapping[str, Any] | None = None,
    attempt: Mapping[str, Any] | None = None,
    deleting: bool = False,
    **spec: Any,
) -> Decision:
    """Decide about one ScanJob at NOW; `deleting`: its own deletion waits for something."""
    seen = read_pod(pod) if pod is not None else None
    known = AttemptView(pod=seen, existed=seen is not None, create_uncertain=False, queue_read=True)
    job = raw_job(status=dict(status) if status else None, **spec)
    if deleting:
        job["metadata"]["deletionTimestamp"] = at(0)
    rest: dict[str, Any] = {"now": NOW} | dict(view or {})
    its_queue = seen_at(read_queue(raw_queue(**(queue or {}))), rest["now"])
    return decide(
        View(
            job=read_job(job),
            queue=its_queue,
            stray_released=its_queue.released,
            attempt=replace(known, **(attempt or {})),
            **rest,
        )
    )


def finished(decision: Decision) -> tuple[str, str]:
    """Phase and reason of a finished ScanJob."""
    condition = decision.status.condition("Finished")
    assert condition is not None
    assert condition.status
    return decision.status.phase, condition.reason


def told(decision: Decision) -> tuple[str, str]:
    """Reason and message of a ScanJob that is on its way."""
    condition = decision.status.condition("Reconciling")
    assert condition is not None
    assert condition.status
    return condition.reason, condition.message
