"""ScanQueue: where ScanJobs wait, how many run at once, in what order, against what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api.allowed_namespaces import AllowedNamespaces
from scanyard.api.base import Int32, Int64, Resource, SpecModel, StatusModel
from scanyard.api.conditions import Conditions
from scanyard.api.fair_share import WEIGHTS_NEED_FAIR_SHARE, FairShare, Ordering
from scanyard.api.limits import Limits
from scanyard.api.pod_template import PodTemplate
from scanyard.api.retention import TtlSeconds
from scanyard.api.rules import rule, validations
from scanyard.api.scanjob import PacketsPerSecond, Scanner, TimeoutPolicy, TimeoutSeconds
from scanyard.api.scope import Scope
from scanyard.api.window_rules import (
    MAX_SCHEDULE_LENGTH,
    MAX_WINDOWS,
    MAX_ZONE_LENGTH,
    START_RULES,
    ZONE_RULES,
)

StopPolicy = Literal["None", "Hold", "HoldAndDrain"]
WindowEndPolicy = Literal["RunOn", "Drain"]

DEFAULT_MAX_CONCURRENT: Final = 5
DEFAULT_AGING_SECONDS: Final = 600
DEFAULT_MAX_OVERTAKES: Final = 20
MAX_PER_NODE: Final = 100
MAX_QUEUE_PACKETS_PER_SECOND: Final = 100_000_000
_DEFAULT_RATE_FITS = rule(
    "!has(self.packetsPerSecond) || !has(self.defaults) || "
    "!has(self.defaults.packetsPerSecond) || "
    "self.defaults.packetsPerSecond <= self.packetsPerSecond",
    "a ScanJob that states no rate would never run: lower defaults.packetsPerSecond, or raise "
    "packetsPerSecond",
    field_path=".defaults",
)
_DEFAULT_TIMEOUT_FITS = rule(
    "!has(self.limits) || !has(self.defaults) || !has(self.defaults.timeoutSeconds) || "
    "((!has(self.limits.minTimeoutSeconds) || "
    "self.defaults.timeoutSeconds >= self.limits.minTimeoutSeconds) && "
    "(!has(self.limits.maxTimeoutSeconds) || "
    "self.defaults.timeoutSeconds <= self.limits.maxTimeoutSeconds))",
    "defaults.timeoutSeconds is not within limits.minTimeoutSeconds and limits.maxTimeoutSeconds: "
    "change one of them",
    field_path=".defaults",
)
#: A queue that is to hold more tells of those that are held longest.
MAX_HELD_SLOTS: Final = 256


class QueueDefaults(SpecModel):
    """What holds for ScanJobs that say nothing themselves."""

    packets_per_second: PacketsPerSecond | None = None
    """At how many packets a second nmap sends; masscan has a rate of its own."""
    timeout_seconds: TimeoutSeconds | None = None
    """Stop a scan after so long; 3600 where nothing is said."""
    timeout_policy: TimeoutPolicy | None = None
    """Adaptive reckons the timeout of a ScanJob that states none from its addresses and ports."""
    ttl_seconds_after_finished: TtlSeconds | None = None
    """Delete finished ScanJobs so long after their end; without it they are kept."""


class Window(SpecModel):
    """A time in which ScanJobs start."""

    start: Annotated[
        str,
        Field(
            min_length=9,
            max_length=MAX_SCHEDULE_LENGTH,
            json_schema_extra=validations(*START_RULES),
        ),
    ]
    """When it opens, as cron has it: minute, hour, day, month, weekday, such as 0 22 * * 1-5."""
    duration_seconds: Annotated[Int32, Field(ge=60, le=604_800)]
    """It stays open for so long, in real time."""
    time_zone: Annotated[
        str,
        Field(min_length=1, max_length=MAX_ZONE_LENGTH, json_schema_extra=validations(*ZONE_RULES)),
    ] = "UTC"
    """The time zone of start by its name in the IANA database, such as Europe/Berlin."""


class ScanQueueSpec(SpecModel):
    """How many ScanJobs run at once, in what order, what they may scan and use."""

    model_config = ConfigDict(
        json_schema_extra=validations(
            _DEFAULT_RATE_FITS, _DEFAULT_TIMEOUT_FITS, WEIGHTS_NEED_FAIR_SHARE
        )
    )

    max_concurrent: Annotated[Int32, Field(ge=0, le=10_000)] = DEFAULT_MAX_CONCURRENT
    """Run at most so many ScanJobs at once; what runs when this is lowered may finish."""
    priority: Annotated[Int32, Field(ge=-1000, le=1000)] = 0
    """Among queues that are short of the installation's slots one point weighs 600 s of waiting."""
    ordering: Ordering = "Priority"
    """Whose turn it is: by priority and age alone, or first by how much each namespace runs."""
    fair_share: FairShare | None = None
    """How much each namespace is to run, with ordering FairShare."""
    max_concurrent_per_namespace: Annotated[Int32, Field(ge=1, le=10_000)] | None = None
    """Run at most so many ScanJobs of one namespace at once; those of others go past."""
    stop_policy: StopPolicy = "None"
    """Hold starts nothing new; HoldAndDrain also stops what runs and lets it wait again."""
    aging_seconds: Annotated[Int32, Field(ge=0, le=31_536_000)] = DEFAULT_AGING_SECONDS
    """Waiting so long weighs as much as one point of priority; 0: priority alone decides."""
    packets_per_second: Annotated[Int32, Field(ge=1, le=MAX_QUEUE_PACKETS_PER_SECOND)] | None = None
    """Running scans together send at most so many packets a second."""
    max_concurrent_per_target: Annotated[Int32, Field(ge=1, le=10_000)] | None = None
    """Start no scan while so many scans, of any queue, probe some of the same targets."""
    max_concurrent_per_node: Annotated[Int32, Field(ge=1, le=MAX_PER_NODE)] | None = None
    """No node runs more of its scans at once; one for which there is no node waits for it."""
    max_overtakes: Annotated[Int32, Field(ge=0, le=10_000)] = DEFAULT_MAX_OVERTAKES
    """So many may go past a ScanJob that waits for packets; then these are kept for it."""
    defaults: QueueDefaults | None = None
    """What holds for ScanJobs that say nothing themselves."""
    allowed_namespaces: AllowedNamespaces = AllowedNamespaces()
    """The namespaces whose ScanJobs it takes; its own alone unless it says otherwise."""
    scope: Scope | None = None
    """What its ScanJobs may scan; everything that the installation allows if there is none."""
    allowed_scanners: Annotated[
        tuple[Scanner, ...],
        Field(max_length=2, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Runs ScanJobs of these scanners only; of all where none is named."""
    limits: Limits | None = None
    """How large each of its ScanJobs may be, and how many may wait."""
    windows: Annotated[
        tuple[Window, ...],
        Field(max_length=MAX_WINDOWS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Start ScanJobs only while one of these windows is open; without any at all times."""
    target_wait_seconds: Annotated[Int32, Field(ge=1, le=31_536_000)] | None = None
    """How long a ScanJob should wait at most: an aim for alerts, which changes no order."""
    window_end_policy: WindowEndPolicy = "RunOn"
    """What runs when the last open window ends runs on, or is stopped and waits again: Drain."""
    pod_template: PodTemplate | None = None
    """Where the Pods of its scans run, and with how much; for Pods created from then on."""


class HeldSlot(StatusModel):
    """A slot that is held for a Pod without a ScanJob, until its scan has surely stopped."""

    scan_job: Annotated[str, Field(max_length=253)]
    """Whose Pod it is; it was deleted, or waits again."""
    namespace: Annotated[str, Field(max_length=63)] = ""
    """The namespace of that ScanJob, where it is not the queue's own."""
    uid: Annotated[str, Field(max_length=64)]
    """The uid of that ScanJob."""
    attempt: Annotated[Int32, Field(ge=1)]
    """Which of its attempts."""
    pod_name: Annotated[str, Field(max_length=253)] = ""
    """The name of the Pod, which may be gone."""
    node_name: Annotated[str, Field(max_length=253)] = ""
    """Where it ran, if it had a node."""
    until: datetime
    """When it is free at the latest; earlier if its node reports the scan's end."""


class ScanQueueStatus(StatusModel):
    """How the queue fares."""

    model_config = ConfigDict(json_schema_extra={"default": {"observedGeneration": -1}})

    observed_generation: Int64 = -1
    """The metadata.generation that this status speaks of."""
    waiting: Annotated[Int32, Field(ge=0)] | None = None
    """ScanJobs that wait in it."""
    running: Annotated[Int32, Field(ge=0)] | None = None
    """Slots that are held."""
    held_slots: Annotated[
        tuple[HeldSlot, ...],
        Field(
            max_length=MAX_HELD_SLOTS,
            json_schema_extra={"x-kubernetes-list-type": "atomic"},
        ),
    ] = ()
    """Slots that are held for Pods whose ScanJob is gone."""
    conditions: Conditions = ()
    """What holds now, for machines and for `kubectl get`."""


class ScanQueue(Resource):
    """Where ScanJobs wait: how many run at once, in what order, and whether any may start."""

    spec: ScanQueueSpec = ScanQueueSpec()
    status: ScanQueueStatus = ScanQueueStatus()
