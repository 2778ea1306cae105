"""ScanQueue: where ScanJobs wait, how many run at once, in what order, against what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api.base import Int32, Int64, Resource, SpecModel, StatusModel
from scanyard.api.conditions import Conditions
from scanyard.api.limits import Limits
from scanyard.api.retention import TtlSeconds
from scanyard.api.rules import rule, validations
from scanyard.api.scanjob import PacketsPerSecond, Scanner
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
MAX_QUEUE_PACKETS_PER_SECOND: Final = 100_000_000
_DEFAULT_RATE_FITS = rule(
    "!has(self.packetsPerSecond) || !has(self.defaults) || "
    "!has(self.defaults.packetsPerSecond) || "
    "self.defaults.packetsPerSecond <= self.packetsPerSecond",
    "a ScanJob that states no rate would never run: lower defaults.packetsPerSecond, or raise "
    "packetsPerSecond",
    field_path=".defaults",
)
#: A queue that is to hold more tells of those that are held longest.
MAX_HELD_SLOTS: Final = 256


class QueueDefaults(SpecModel):
    """What holds for ScanJobs that say nothing themselves."""

    packets_per_second: PacketsPerSecond | None = None
    """At how many packets a second nmap sends; masscan has a rate of its own."""
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

    model_config = ConfigDict(json_schema_extra=validations(_DEFAULT_RATE_FITS))

    max_concurrent: Annotated[Int32, Field(ge=0, le=10_000)] = DEFAULT_MAX_CONCURRENT
    """Run at most so many ScanJobs at once; what runs when this is lowered may finish."""
    priority: Annotated[Int32, Field(ge=-1000, le=1000)] = 0
    """Which queue goes first when the installation-wide limit is short: the higher."""
    stop_policy: StopPolicy = "None"
    """Hold starts nothing new; HoldAndDrain also stops what runs and lets it wait again."""
    aging_seconds: Annotated[Int32, Field(ge=0, le=31_536_000)] = DEFAULT_AGING_SECONDS
    """Waiting so long weighs as much as one point of priority; 0: priority alone decides."""
    packets_per_second: Annotated[Int32, Field(ge=1, le=MAX_QUEUE_PACKETS_PER_SECOND)] | None = None
    """Running scans together send at most so many packets a second."""
    max_concurrent_per_target: Annotated[Int32, Field(ge=1, le=10_000)] | None = None
    """Start no scan while so many scans, of any queue, probe some of the same targets."""
    max_overtakes: Annotated[Int32, Field(ge=0, le=10_000)] = DEFAULT_MAX_OVERTAKES
    """So many may go past a ScanJob that waits for packets; then these are kept for it."""
    defaults: QueueDefaults | None = None
    """What holds for ScanJobs that say nothing themselves."""
    scope: Scope | None = None
    """What its ScanJobs may scan; everything that the installation allows if there is none."""
    allowed_scanners: Annotated[
        tuple[Scanner, ...],
        Field(max_length=2, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Runs ScanJobs of these scanners only; of all where none is named."""
    limits: Limits | None = None
    """How large each of its ScanJobs may be."""
    windows: Annotated[
        tuple[Window, ...],
        Field(max_length=MAX_WINDOWS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Start ScanJobs only while one of these windows is open; without any at all times."""
    window_end_policy: WindowEndPolicy = "RunOn"
    """What runs when the last open window ends runs on, or is stopped and waits again: Drain."""


class HeldSlot(StatusModel):
    """A slot that is held for a Pod without a ScanJob, until its scan has surely stopped."""

    scan_job: Annotated[str, Field(max_length=253)]
    """Whose Pod it is; it was deleted, or waits again."""
    uid: Annotated[str, Field(max_length=64)]
    """The uid of that ScanJob."""
    attempt: Annotated[Int32, Field(ge=1)]
    pod_name: Annotated[str, Field(max_length=253)] = ""
    node_name: Annotated[str, Field(max_length=253)] = ""
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


class ScanQueue(Resource):
    """Where ScanJobs wait: how many run at once, in what order, and whether any may start."""

    spec: ScanQueueSpec = ScanQueueSpec()
    status: ScanQueueStatus = ScanQueueStatus()
