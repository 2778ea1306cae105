"""Every state that one ScanJob can be in, and everything that can be wanted or happen then.

A state says by itself from when on its attempt's scan has surely ended, so that the properties
over all pairs do not ask the code that they judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from scanyard.lifecycle.decision import AttemptView, View
from scanyard.lifecycle.dependencies.dependency import Dependency
from scanyard.lifecycle.dependencies.dependency import State as Standing
from scanyard.lifecycle.dependencies.needs import Need
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.queue import Queue, read_queue, seen_at
from tests.support.objects import (
    NOW,
    at,
    open_attempt,
    raw_job,
    raw_pod,
    raw_queue,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import ONCE, RUNNING, look

Raw = Mapping[str, Any]

ALWAYS: Final = NOW - timedelta(days=1)
NEVER: Final = NOW + timedelta(days=365)
#: When the scan of a Pod that vanished from a living node has ended: deletion, grace and slack.
AFTER_GRACE: Final = NOW + timedelta(seconds=60 + 10)
#: And from one that nobody hears of: start, deadline, grace and slack.
AFTER_DEADLINE: Final = NOW + timedelta(seconds=-5 + 3600 + 60 + 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A status, and what is known of the open attempt; `over_from`: its scan has ended by then."""

    status: Raw | None
    pod: Raw | None = None
    attempt: Mapping[str, Any] = field(default_factory=dict)
    over_from: datetime = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is wanted, or has happened, beside the state."""

    spec: Mapping[str, Any] = field(default_factory=dict)
    queue: Mapping[str, Any] | None = field(default_factory=dict)
    view: Mapping[str, Any] = field(default_factory=dict)
    deleting: bool = False

    @property
    def now(self) -> datetime:
        """The clock."""
        now: datetime = self.view.get("now", NOW)
        return now


def view_of(state: State, event: Event, status: Raw | None = None) -> View:
    """The state when the event comes; `status` in place of the state's: what was decided."""
    job = raw_job(
        status=dict(status or state.status or {}), **{"rerunToken": "one"} | dict(event.spec)
    )
    if event.deleting:
        job["metadata"]["deletionTimestamp"] = at(0)
    return View(
        job=read_job(job),
        queue=_queue(event),
        attempt=_known(state) if _is_open(read_job(job)) else AttemptView(),
        **({"now": NOW} | dict(event.view)),
    )


def _queue(event: Event) -> Queue | None:
    if event.queue is None:
        return None
    return seen_at(read_queue(raw_queue(**event.queue)), event.now)


def _known(state: State) -> AttemptView:
    pod = read_pod(state.pod) if state.pod is not None else None
    known = AttemptView(
        pod=pod,
        existed=pod is not None,
        create_uncertain=False,
        last_pod=pod,
        queue_read=True,
    )
    return replace(known, **state.attempt)


def _is_open(job: Job) -> bool:
    return job.status.open_attempt is not None


# --- states

_INTERRUPTED: Final = terminated(report(complete=False, reason="Interrupted"), exit_code=130)
_NEVER_MADE: Final = terminated(None, reason="ContainerStatusUnknown", startedAt=None)
_NO_IMAGE: Final = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
_GC_FAILED: Final = [{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}]
_PREEMPTED: Final = [
    {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
]
_UNSCHEDULABLE: Final = [
    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
]


def _open(**fields: Any) -> dict[str, Any]:
    return open_attempt(**fields) | {"rerunToken": "one"}


def _ended(pod: Raw, **spec: Any) -> dict[str, Any]:
    """The status in which that Pod left its ScanJob."""
    return look(status=_open(), pod=pod, **{"retry": ONCE, "rerunToken": "one"} | spec).status.raw()


def _deleting(pod: Raw, time: str = at(50)) -> dict[str, Any]:
    return {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": time}}


def _pending(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    node = "node-1" if state else ""
    return raw_pod(state=state, node=node, **{"phase": "Pending"} | status)


def _young(pod: Raw) -> dict[str, Any]:
    return {**pod, "metadata": {**pod["metadata"], "creationTimestamp": at(-1)}}


def _tombstone() -> dict[str, Any]:
    pod = _pending()
    pod["metadata"]["labels"]["scanyard.dev/role"] = "tombstone"
    return pod


def _pod(pod: Raw, over_from: datetime = NEVER, **fields: Any) -> State:
    return State(status=_open(**fields), pod=pod, over_from=over_from)


def _gone(last: Raw | None, over_from: datetime, *, ready: bool = True, **fields: Any) -> State:
    """A consistent read did not find the Pod."""
    known = {
        "existed": last is not None,
        "gone_at": NOW,
        "last_pod": read_pod(last) if last is not None else None,
        "node_ready": ready,
    }
    return State(status=_open(**fields), attempt=known, over_from=over_from)


def _needs(standing: Standing, phase: str) -> dict[str, Any]:
    """What it depends on, and how that stands."""
    need = Need("first", "Succeeded")
    return {
        "spec": {"dependsOn": [{"name": need.name, "condition": need.condition}]},
        "view": {"dependencies": (Dependency(need, standing, phase),)},
    }


_WAITS: Final = _needs(Standing.WAITING, "Queued")
_FAILED_FIRST: Final = _needs(Standing.UNSUCCESSFUL, "Failed")
_RUNS: Final = raw_pod(state=RUNNING)
_FAILED: Final = terminated(report(complete=False, reason="ScannerError"), exit_code=1)
_BACK_OFF: Final = {
    "observedGeneration": 1,
    "phase": "Queued",
    "rerunToken": "one",
    "failures": 1,
    "attemptCount": 1,
    "attempts": [open_attempt(endedAt=at(-1))["attempts"][0]],
}

STATES: Final[dict[str, State]] = {
    # Without an attempt.
    "new": State(status=None),
    "queued": State(status=look(view={"announce": True}).status.raw()),
    "told-no-queue": State(
        status=look(
            view={"announce": True, "waiting_reason": ("QueueNotFound", "there is none")}
        ).status.raw()
    ),
    "out-of-scope": State(status=look(view={"refusal": "denied"}).status.raw()),
    "told-dependency": State(
        status=look(
            view={"announce": True} | _WAITS["view"], rerunToken="one", **_WAITS["spec"]
        ).status.raw()
    ),
    "dependency-failed": State(
        status=look(
            view=_FAILED_FIRST["view"], rerunToken="one", **_FAILED_FIRST["spec"]
        ).status.raw()
    ),
    "met-and-requeued": State(
        status=_BACK_OFF | {"failures": 0, "dependenciesMetAt": at(-5)},
    ),
    "not-its-scanner": State(status=look(queue={"allowedScanners": ["masscan"]}).status.raw()),
    "too-large": State(
        status=look(queue={"limits": {"maxAddresses": 4}}, view={"addresses": 5}).status.raw()
    ),
    "pod-refused": State(
        status={"phase": "Queued", "observedGeneration": 1, "refusals": 1, "retryAt": at(10)}
    ),
    "back-off": State(status=_BACK_OFF | {"retryAt": at(10)}),
    "back-off-over": State(status=_BACK_OFF | {"retryAt": at(0)}),
    "suspended": State(status=look(suspend=True).status.raw()),
    "succeeded": State(status=_ended(raw_pod(state=terminated(report())))),
    "failed": State(status=_ended(raw_pod(state=_FAILED))),
    "timed-out": State(status=_ended(raw_pod(state=_INTERRUPTED, reason="DeadlineExceeded"))),
    "cancelled": State(status=_ended(raw_pod(state=_INTERRUPTED), cancel=True)),
    # Admitted, and no Pod.
    "admitted": State(status=_open(), over_from=ALWAYS),
    "admitted-earlier": State(status=_open(), attempt={"create_uncertain": True}),
    "given-up-earlier": State(
        status=_open(reason="ImagePull", message="none"), attempt={"create_uncertain": True}
    ),
    "missing": State(status=_open(), attempt={"existed": True}),
    "missing-started": State(status=_open(startedAt=at(-4)), attempt={"create_uncertain": True}),
    "gone-no-node": _gone(_pending(), ALWAYS),
    "gone-node-ready": _gone(_RUNS, AFTER_GRACE),
    "gone-node-lost": _gone(_RUNS, AFTER_DEADLINE, ready=False),
    "gone-never-seen": _gone(None, AFTER_GRACE, startedAt=at(-4), nodeName="node-1"),
    "gone-never-seen-lost": _gone(
        None,
        NOW + timedelta(seconds=3600 + 60 + 60),
        ready=False,
        startedAt=at(-4),
        nodeName="node-1",
    ),
    "gone-complete": _gone(raw_pod(state=terminated(report())), ALWAYS),
    "gone-failed": _gone(raw_pod(state=_FAILED), ALWAYS),
    "gone-given-up": _gone(_pending(), ALWAYS, reason="StartDeadline", message="too late"),
    "gone-while-suspending": _gone(_deleting(_RUNS), AFTER_GRACE, reason="Suspending"),
    # A Pod that has not ended.
    "tombstone": _pod(_tombstone(), ALWAYS),
    "tombstone-given-up": _pod(_tombstone(), ALWAYS, reason="ImagePull", message="none"),
    "pending-young": _pod(_young(_pending())),
    "unschedulable": _pod(_pending(conditions=_UNSCHEDULABLE)),
    "no-image": _pod(_pending(_NO_IMAGE)),
    "creating": _pod(_pending({"waiting": {"reason": "ContainerCreating"}})),
    "pending-deleting": _pod(_deleting(_pending(_NO_IMAGE))),
    "giving-up": _pod(_deleting(_pending(_NO_IMAGE)), reason="ImagePull", message="none"),
    "running-young": _pod(raw_pod(state={"running": {"startedAt": at(-1)}})),
    "running": _pod(_RUNS),
    "running-given-up": _pod(_RUNS, reason="StartDeadline", message="too late"),
    "running-pod-failed": _pod(raw_pod(state=RUNNING, phase="Failed", reason="DeadlineExceeded")),
    "running-unknown": _pod(raw_pod(state=RUNNING, phase="Unknown", reason="NodeLost")),
    "running-deleting": _pod(_deleting(_RUNS)),
    "overdue": _pod(_deleting(_RUNS, at(-60))),
    "stopping-for-suspend": _pod(_deleting(_RUNS), reason="Suspending"),
    "stopping-for-cancel": _pod(_deleting(_RUNS), reason="Cancelling"),
    "stopping-for-drain": _pod(_deleting(_RUNS), reason="Draining"),
    "stopping-for-all": _pod(_deleting(_RUNS), reason="EmergencyStop"),
    "gc-failed-running": _pod(raw_pod(state=RUNNING, phase="Failed", conditions=_GC_FAILED)),
    "gc-failed": _pod(raw_pod(state=None, phase="Failed", conditions=_GC_FAILED)),
    # A Pod whose scan has ended, or never will begin.
    "complete": _pod(raw_pod(state=terminated(report())), ALWAYS),
    "complete-deleted": _pod(_deleting(raw_pod(state=terminated(report()))), ALWAYS),
    "scanner-error": _pod(raw_pod(state=_FAILED), ALWAYS),
    "past-timeout": _pod(
        raw_pod(state=_INTERRUPTED, phase="Failed", reason="DeadlineExceeded"), ALWAYS
    ),
    "no-report": _pod(raw_pod(state=terminated(None, exit_code=137)), ALWAYS),
    "deleted": _pod(_deleting(raw_pod(state=_INTERRUPTED)), ALWAYS),
    "deleted-unread": State(
        status=_open(),
        pod=_deleting(raw_pod(state=_INTERRUPTED)),
        attempt={"queue_read": False},
        over_from=ALWAYS,
    ),
    "evicted": _pod(raw_pod(state=_INTERRUPTED, phase="Failed", reason="Evicted"), ALWAYS),
    "preempted": _pod(_deleting(raw_pod(state=_INTERRUPTED, conditions=_PREEMPTED)), ALWAYS),
    "rejected": _pod(raw_pod(state=None, phase="Failed", reason="OutOfcpu"), ALWAYS),
    "given-up": _pod(_deleting(_pending(_NEVER_MADE)), ALWAYS, reason="ImagePull", message="none"),
    "stopped-for-suspend": _pod(
        _deleting(raw_pod(state=_INTERRUPTED)), ALWAYS, reason="Suspending"
    ),
    "stopped-for-cancel": _pod(_deleting(raw_pod(state=_INTERRUPTED)), ALWAYS, reason="Cancelling"),
    "stopped-for-drain": _pod(_deleting(raw_pod(state=_INTERRUPTED)), ALWAYS, reason="Draining"),
    "stopped-for-all": _pod(_deleting(raw_pod(state=_INTERRUPTED)), ALWAYS, reason="EmergencyStop"),
}

# --- events

#: Windows at NOW, which is a Sunday's noon.
CLOSED: Final = {"start": "0 13 * * *", "durationSeconds": 3600, "timeZone": "UTC"}
BAD_WINDOW: Final = {"start": "0 13 * * *", "durationSeconds": 3600, "timeZone": "Mars/Olympus"}

EVENTS: Final[dict[str, Event]] = {
    "run": Event(),
    "once": Event(spec={"retry": ONCE}),
    "cancel": Event(spec={"cancel": True}),
    "suspend": Event(spec={"suspend": True}),
    "both": Event(spec={"cancel": True, "suspend": True}),
    "delete": Event(deleting=True),
    "rerun": Event(spec={"rerunToken": "two"}),
    "hold": Event(queue={"stopPolicy": "Hold"}),
    "drain": Event(queue={"stopPolicy": "HoldAndDrain"}),
    "closed": Event(queue={"windows": [CLOSED]}),
    "window-end": Event(queue={"windows": [CLOSED], "windowEndPolicy": "Drain"}),
    "bad-window": Event(queue={"windows": [BAD_WINDOW], "windowEndPolicy": "Drain"}),
    "too-long": Event(queue={"limits": {"maxTimeoutSeconds": 3599}}),
    "not-before": Event(spec={"notBefore": at(5)}),
    "stop": Event(queue={"notes": {"scanyard.dev/stop": at(0)}}),
    "no-queue": Event(queue=None),
    "over": Event(view={"over_limit": True}),
    "denied": Event(view={"refusal": "target 127.0.0.1 is denied"}),
    "scanner": Event(queue={"allowedScanners": ["masscan"]}),
    "large": Event(queue={"limits": {"maxAddresses": 4}}, view={"addresses": 5}),
    "put-off": Event(view={"refused_until": NOW + timedelta(seconds=3)}),
    "told": Event(view={"announce": True}),
    "needs": Event(**_WAITS),
    "needs-failed": Event(**_FAILED_FIRST),
    "needs-wait": Event(
        spec=_FAILED_FIRST["spec"] | {"dependencyFailurePolicy": "Wait"},
        view=_FAILED_FIRST["view"],
    ),
    "late": Event(view={"now": NOW + timedelta(seconds=700)}),
    "at-last": Event(view={"now": NOW + timedelta(hours=2)}),
}
