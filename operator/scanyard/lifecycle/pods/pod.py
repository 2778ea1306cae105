"""An attempt's Pod as the decisions see it: only what the kubelet and the API server said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scanyard.api import names
from scanyard.lifecycle.timestamps import parse_time

#: The one container of an attempt's Pod.
SCANNER_CONTAINER = "scanner"
#: Nodes' clocks differ from the API server's by less, unless they are wrong.
_CLOCKS_DIFFER = timedelta(seconds=30)
_QUEUE_KEY = re.compile(r"[a-z0-9-]+/[a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Termination:
    """The scanner container's end, as the kubelet wrote it."""

    exit_code: int
    reason: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PodState:
    """One Pod of one attempt.

    `created`, `bound_at` and `deletion_at` are by the API server's clock; `start_time` and the
    times of the container are by the node's, which may be wrong.
    """

    namespace: str
    name: str
    uid: str
    job_uid: str
    job_key: str
    attempt: int
    queue: str
    tombstone: bool
    created: datetime | None
    bound_at: datetime | None
    node_name: str
    phase: str
    reason: str
    message: str
    deletion_at: datetime | None
    grace_seconds: int
    deadline_seconds: int | None
    start_time: datetime | None
    pod_ip: str
    running_since: datetime | None
    termination: Termination | None
    waiting_reason: str
    waiting_message: str
    unschedulable: str
    disruption: str
    disruption_message: str
    packets_per_second: int = 0
    node_slot: int | None = None

    @property
    def deleting(self) -> bool:
        """Somebody asked for its deletion."""
        return self.deletion_at is not None

    @property
    def failed_by_control_plane(self) -> bool:
        """Its Failed is the garbage collector's, which knows nothing about the node."""
        return self.disruption == "DeletionByPodGC"

    @property
    def started(self) -> bool:
        """The scanner container has run, or runs."""
        return self.running_since is not None or (
            self.termination is not None and self.termination.started_at is not None
        )

    def running_for(self, now: datetime) -> timedelta | None:
        """How long its scanner has run, at most as long as it is there; None: it does not run."""
        if self.running_since is None:
            return None
        ahead = self.running_since - now > _CLOCKS_DIFFER
        return now - (self.created if ahead and self.created else self.running_since)


def is_attempt(raw: Mapping[str, Any]) -> bool:
    """Whether a Pod says that it is an attempt of a ScanJob of its own namespace.

    Anybody who may create Pods can write our labels: what it says of a queue of another namespace
    must be checked before it holds a slot there, see controller/pods/believed.py.
    """
    meta = raw["metadata"]
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    here = re.compile(re.escape(meta["namespace"]) + r"/[a-z0-9.-]+")
    return (
        bool(labels.get(names.LABEL_UID))
        and str(labels.get(names.LABEL_ATTEMPT, "")).isdecimal()
        and here.fullmatch(str(notes.get(names.ANNOTATION_SCANJOB, ""))) is not None
        and _QUEUE_KEY.fullmatch(str(notes.get(names.ANNOTATION_QUEUE, ""))) is not None
    )


def read_pod(raw: Mapping[str, Any]) -> PodState:
    """Read a Pod for which `is_attempt` is true."""
    meta, spec = raw["metadata"], raw.get("spec") or {}
    status = raw.get("status") or {}
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    state = _container_state(status)
    scheduled = _condition(status, "PodScheduled", "False")
    disrupted = _condition(status, "DisruptionTarget", "True")
    waiting = state.get("waiting") or {}
    running = state.get("running") or {}
    return PodState(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        job_uid=labels[names.LABEL_UID],
        job_key=notes.get(names.ANNOTATION_SCANJOB, ""),
        attempt=int(labels[names.LABEL_ATTEMPT]),
        queue=notes.get(names.ANNOTATION_QUEUE, ""),
        tombstone=labels.get(names.LABEL_ROLE) == names.ROLE_TOMBSTONE,
        created=parse_time(meta.get("creationTimestamp")),
        bound_at=parse_time(_condition(status, "PodScheduled", "True").get("lastTransitionTime")),
        node_name=spec.get("nodeName", ""),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        deletion_at=parse_time(meta.get("deletionTimestamp")),
        grace_seconds=spec.get("terminationGracePeriodSeconds", 30),
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        start_time=parse_time(status.get("startTime")),
        pod_ip=status.get("podIP", ""),
        running_since=parse_time(running.get("startedAt")),
        termination=_termination(state.get("terminated")),
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        unschedulable=(
            scheduled.get("message") or "Unschedulable"
            if scheduled.get("reason") == "Unschedulable"
            else ""
        ),
        disruption=disrupted.get("reason", ""),
        disruption_message=disrupted.get("message", ""),
        packets_per_second=_number(notes.get(names.ANNOTATION_PACKETS, "")),
        node_slot=_node_slot(labels),
    )


def _node_slot(labels: Mapping[str, str]) -> int | None:
    text = labels.get(names.LABEL_NODE_SLOT)
    return None if text is None else _number(text)


def _number(text: str) -> int:
    """Anybody can write an annotation."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _container_state(status: Mapping[str, Any]) -> Mapping[str, Any]:
    for item in status.get("containerStatuses") or ():
        if item.get("name") == SCANNER_CONTAINER:
            state: Mapping[str, Any] = item.get("state") or {}
            return state
    return {}


def _termination(raw: Mapping[str, Any] | None) -> Termination | None:
    if raw is None:
        return None
    return Termination(
        exit_code=raw.get("exitCode", -1),
        reason=raw.get("reason", ""),
        message=raw.get("message", ""),
        # The kubelet writes the epoch where it lost track of a container.
        started_at=parse_time(raw.get("startedAt")),
        finished_at=parse_time(raw.get("finishedAt")),
    )


def _condition(status: Mapping[str, Any], kind: str, value: str) -> Mapping[str, Any]:
    for item in status.get("conditions") or ():
        if item.get("type") == kind and item.get("status") == value:
            found: Mapping[str, Any] = item
            return found
    return {}
