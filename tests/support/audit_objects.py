"""What the audit reads out of raw objects; written from the API's own words, not the operator's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Kind = Literal["Pod", "ScanJob", "ScanQueue", "Lease"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One watch event (ADDED, MODIFIED, DELETED); `at` is when it came, in seconds of a clock."""

    kind: Kind
    type: str
    raw: Mapping[str, Any]
    at: float

    @property
    def version(self) -> int:
        """The resource version: the order of all changes in the cluster."""
        return int(self.raw["metadata"]["resourceVersion"])

    @property
    def deleted(self) -> bool:
        """The object is gone."""
        return self.type == "DELETED"


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A ScanQueue's rules; `released`: attempts ("uid/number") that are over by its platform.

    `told`: names of Pods without a ScanJob of which its status tells that they hold a slot.
    """

    name: str
    limit: int
    stopped: bool
    released: frozenset[str]
    told: frozenset[str]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        meta, spec = raw["metadata"], raw["spec"]
        notes = meta.get("annotations") or {}
        return cls(
            name=meta["name"],
            limit=spec["maxConcurrent"],
            stopped=spec.get("stopPolicy", "None") != "None",
            released=frozenset(filter(None, notes.get("scanyard.dev/release", "").split(","))),
            told=frozenset(
                slot.get("podName", "") for slot in (raw.get("status") or {}).get("heldSlots") or ()
            ),
        )


@dataclass(frozen=True, slots=True)
class ScanJobFacts:
    """A ScanJob's wishes and what its status claims; `end` is (phase, finishedAt) once it has."""

    uid: str
    name: str
    queue: str
    priority: int
    wants_rerun: bool
    phase: str
    ended: bool
    end: tuple[str, str] | None
    attempt_count: int
    admitted_pods: frozenset[str]
    #: Those of them of which it is told that they had a node, or that their scanner has started.
    known_pods: frozenset[str]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        meta, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        ended = any(
            item["type"] == "Finished" and item["status"] == "True"
            for item in status.get("conditions") or ()
        )
        phase = status.get("phase", "Pending")
        attempts = status.get("attempts") or ()
        return cls(
            uid=meta["uid"],
            name=meta["name"],
            queue=(spec.get("queueRef") or {}).get("name", "default"),
            priority=spec.get("priority", 0),
            wants_rerun=spec.get("rerunToken") not in {None, status.get("rerunToken")},
            phase=phase,
            ended=ended,
            end=(phase, status.get("finishedAt", "")) if ended else None,
            attempt_count=status.get("attemptCount", 0),
            admitted_pods=frozenset(a.get("podName", "") for a in attempts),
            known_pods=frozenset(
                a.get("podName", "") for a in attempts if a.get("nodeName") or a.get("startedAt")
            ),
        )


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A Pod of a ScanJob (its controller); `ended`: no scanner of it runs or will ever run."""

    uid: str
    name: str
    attempt: str
    scanjob_uid: str | None
    gated: bool
    node: str
    running: bool
    ran: bool
    ended: bool
    grace_seconds: int

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        meta, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        labels = meta.get("labels") or {}
        owners = meta.get("ownerReferences") or ()
        states = [item.get("state") or {} for item in status.get("containerStatuses") or ()]
        running = any("running" in state for state in states)
        ends = [state["terminated"] for state in states if "terminated" in state]
        ran = running or any(end.get("startedAt") for end in ends)
        return cls(
            uid=meta["uid"],
            name=meta["name"],
            attempt=f"{labels.get('scanyard.dev/uid')}/{labels.get('scanyard.dev/attempt')}",
            scanjob_uid=next(
                (o["uid"] for o in owners if o.get("controller") and o["kind"] == "ScanJob"), None
            ),
            gated=bool(spec.get("schedulingGates")),
            node=spec.get("nodeName", ""),
            running=running,
            ran=ran,
            ended=not running and (bool(ends) or _rejected(status, ran=ran)),
            grace_seconds=spec.get("terminationGracePeriodSeconds", 30),
        )


def _rejected(status: Mapping[str, Any], *, ran: bool) -> bool:
    """Failed before any container started, by the kubelet: the control plane proves nothing."""
    by_control_plane = any(
        item.get("type") == "DisruptionTarget" and item.get("reason") == "DeletionByPodGC"
        for item in status.get("conditions") or ()
    )
    return status.get("phase") == "Failed" and not ran and not by_control_plane
