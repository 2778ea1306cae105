"""A ScanQueue as the decisions see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scanyard.api import names
from scanyard.lifecycle.pods.template import POD_REFUSED, fault_of
from scanyard.lifecycle.targets.queue_scope import QueueScope, read_scope
from scanyard.lifecycle.tenancy import (
    OWN_NAMESPACE,
    AllowedNamespaces,
    Labels,
    read_allowed_namespaces,
)
from scanyard.lifecycle.timestamps import parse_time
from scanyard.lifecycle.timing.windows import (
    ALWAYS_OPEN,
    NOT_LOOKED,
    OUTSIDE_WINDOW,
    Standing,
    Window,
    read_windows,
    standing_at,
)

#: Ageing of a queue that says nothing, and of ScanJobs whose queue is not there yet.
DEFAULT_AGING_SECONDS = 600
DEFAULT_MAX_OVERTAKES = 20


@dataclass(frozen=True, slots=True)
class Queue:
    """Limits and order of one queue.

    `emergency_stop`: since when everything is stopped, in the words of whoever did it; None: it is
    not. `stop_lifted_at`: when the last emergency stop ended. `released`: attempts ("uid/number")
    whose unconfirmed end the platform declares to be one. Of packets, targets, scans per node and
    per namespace 0 means that there is no limit. `default_ttl_seconds`: for how long its finished
    ScanJobs are kept that do not say so themselves; None: for ever. `scope`: what its scans may
    reach; None: all that the installation does not deny. `allowed_scanners`: empty means every one.
    `max_addresses`: the most that one ScanJob may have. `max_pending`: the most ScanJobs of one
    namespace that wait in it. `target_wait_seconds`: how long a ScanJob should wait at most; 0:
    nobody says. `weights`: of the namespaces that are named; all others weigh 1. `standing`:
    whether its windows let it admit, by the clock of whoever looked last (see seen_at).
    `pod_template`: as it stands in its spec; `template_fault`: why it makes no Pod, empty where it
    does.
    """

    namespace: str
    name: str
    generation: int
    resource_version: str = field(compare=False)
    status: Mapping[str, Any] = field(compare=False)
    max_concurrent: int
    priority: int
    stop_policy: str
    aging_seconds: int
    emergency_stop: str | None = None
    stop_lifted_at: datetime | None = None
    released: frozenset[str] = frozenset()
    packets_per_second: int = 0
    default_packets_per_second: int = 0
    max_concurrent_per_target: int = 0
    max_concurrent_per_node: int = 0
    max_overtakes: int = DEFAULT_MAX_OVERTAKES
    default_ttl_seconds: int | None = None
    scope: QueueScope | None = None
    allowed_scanners: tuple[str, ...] = ()
    max_addresses: int | None = None
    windows: tuple[Window, ...] = ()
    window_end_policy: str = "RunOn"
    standing: Standing = ALWAYS_OPEN
    min_timeout_seconds: int | None = None
    max_timeout_seconds: int | None = None
    target_wait_seconds: int = 0
    fair_share: bool = False
    weights: tuple[tuple[str, int], ...] = ()
    max_concurrent_per_namespace: int = 0
    max_pending: int | None = None
    allowed_namespaces: AllowedNamespaces = OWN_NAMESPACE
    default_timeout_seconds: int | None = None
    default_timeout_policy: str | None = None
    pod_template: Mapping[str, Any] = field(default_factory=dict)
    template_fault: str = ""

    @property
    def key(self) -> str:
        """namespace/name"""
        return f"{self.namespace}/{self.name}"

    @property
    def held(self) -> bool:
        """Admits nothing while somebody stops it, it is closed, or no Pod can be made."""
        return self.stopped or not self.standing.is_open or bool(self.template_fault)

    def admits_at(self, now: datetime) -> bool:
        """Whether it admits by this clock: a window may have ended since anybody looked."""
        return not self.held and now < self.standing.until

    @property
    def stopped(self) -> bool:
        """Whether a stop policy is set, or an emergency stop."""
        return self.stop_policy != "None" or self.emergency_stop is not None

    @property
    def held_by(self) -> tuple[str, str]:
        """What stops it, as one word, and for people with the way out."""
        if self.emergency_stop is not None:
            since = f" ({self.emergency_stop[:100]})" if self.emergency_stop else ""
            return "EmergencyStop", (
                f"the emergency stop{since}: nothing runs until `scanyard stop --lift`, or until "
                f"the queue's annotation {names.ANNOTATION_STOP} is removed"
            )
        return self.stop_policy, (
            f"stopPolicy {self.stop_policy}: nothing is admitted until it is None"
        )

    @property
    def draining(self) -> bool:
        """Ends what runs, too, and puts it back in its place."""
        at_window_end = self.window_end_policy == "Drain" and self.standing.reason == OUTSIDE_WINDOW
        stopped = self.stop_policy == "HoldAndDrain" or self.emergency_stop is not None
        return stopped or at_window_end

    @property
    def closed(self) -> tuple[str, str] | None:
        """Reason and message for its ScanJobs; None: it is open, or stopped."""
        if self.stopped:
            return None
        if self.template_fault:
            return POD_REFUSED, f"queue {self.name} makes no Pods: {self.template_fault}"
        if self.standing.is_open:
            return None
        return OUTSIDE_WINDOW, f"queue {self.name} is closed: {self.standing.message}"

    @property
    def unstated_packets(self) -> int:
        """Packets a second of a scan that states no rate; 0: the queue does not say either."""
        if self.default_packets_per_second or not self.packets_per_second:
            return self.default_packets_per_second
        return max(1, self.packets_per_second // max(1, self.max_concurrent))

    def takes(self, namespace: str, labels: Labels | None) -> bool:
        """Whether ScanJobs of that namespace may run here; `labels` None: nobody knows them."""
        return self.allowed_namespaces.take(self.namespace, namespace, labels)

    def accepts_scanner(self, scanner: str) -> bool:
        """Whether ScanJobs of that scanner may run here."""
        return not self.allowed_scanners or scanner in self.allowed_scanners

    def accepts_size(self, addresses: int) -> bool:
        """Whether ScanJobs of so many addresses may run here."""
        return self.max_addresses is None or addresses <= self.max_addresses


def seen_at(queue: Queue, now: datetime) -> Queue:
    """The queue with its windows judged by this clock."""
    if queue.standing.holds_at(now):
        return queue
    return replace(queue, standing=standing_at(queue.windows, now))


def read_queue(raw: Mapping[str, Any], allowed_priority_classes: Collection[str] = ()) -> Queue:
    """Read a ScanQueue that the API server has validated and defaulted."""
    meta, spec = raw["metadata"], raw.get("spec") or {}
    notes = meta.get("annotations") or {}
    windows = read_windows(spec)
    pod_template = spec.get("podTemplate") or {}
    return Queue(
        namespace=meta["namespace"],
        name=meta["name"],
        generation=meta.get("generation", 1),
        resource_version=meta.get("resourceVersion", ""),
        status=raw.get("status") or {},
        max_concurrent=spec.get("maxConcurrent", 5),
        priority=spec.get("priority", 0),
        stop_policy=spec.get("stopPolicy", "None"),
        aging_seconds=spec.get("agingSeconds", DEFAULT_AGING_SECONDS),
        emergency_stop=notes.get(names.ANNOTATION_STOP),
        stop_lifted_at=parse_time(notes.get(names.ANNOTATION_STOP_LIFTED)),
        released=released_attempts(notes),
        packets_per_second=spec.get("packetsPerSecond", 0),
        default_packets_per_second=(spec.get("defaults") or {}).get("packetsPerSecond", 0),
        max_concurrent_per_target=spec.get("maxConcurrentPerTarget", 0),
        max_concurrent_per_node=spec.get("maxConcurrentPerNode", 0),
        max_overtakes=spec.get("maxOvertakes", DEFAULT_MAX_OVERTAKES),
        default_ttl_seconds=(spec.get("defaults") or {}).get("ttlSecondsAfterFinished"),
        scope=read_scope(spec.get("scope")),
        allowed_scanners=tuple(spec.get("allowedScanners") or ()),
        max_addresses=(spec.get("limits") or {}).get("maxAddresses"),
        windows=windows,
        window_end_policy=spec.get("windowEndPolicy", "RunOn"),
        standing=NOT_LOOKED if windows else ALWAYS_OPEN,
        min_timeout_seconds=(spec.get("limits") or {}).get("minTimeoutSeconds"),
        max_timeout_seconds=(spec.get("limits") or {}).get("maxTimeoutSeconds"),
        target_wait_seconds=spec.get("targetWaitSeconds", 0),
        fair_share=spec.get("ordering") == "FairShare",
        weights=_weights(spec.get("fairShare") or {}),
        max_concurrent_per_namespace=spec.get("maxConcurrentPerNamespace", 0),
        max_pending=(spec.get("limits") or {}).get("maxPending"),
        allowed_namespaces=read_allowed_namespaces(spec.get("allowedNamespaces")),
        default_timeout_seconds=(spec.get("defaults") or {}).get("timeoutSeconds"),
        default_timeout_policy=(spec.get("defaults") or {}).get("timeoutPolicy"),
        pod_template=pod_template,
        template_fault=fault_of(pod_template, allowed_priority_classes),
    )


def _weights(fair_share: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((item["namespace"], item["weight"]) for item in fair_share.get("weights") or ())


def released_attempts(notes: Mapping[str, str]) -> frozenset[str]:
    """The attempts that a queue's annotations release by force."""
    texts = (text.strip() for text in notes.get(names.ANNOTATION_RELEASE, "").split(","))
    return frozenset(text for text in texts if text)


def attempt_to_release(job_uid: str, number: int) -> str:
    """How an attempt stands in the annotation that releases it."""
    return f"{job_uid}/{number}"
