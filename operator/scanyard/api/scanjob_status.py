"""Status of a ScanJob: what became of it. Written by the operator as raw JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api.base import MAX_REASON, Int32, Int64, StatusModel
from scanyard.api.conditions import Conditions

Phase = Literal[
    "Pending",
    "Queued",
    "Starting",
    "Running",
    "Succeeded",
    "Failed",
    "TimedOut",
    "Cancelled",
    "Suspended",
]

# The API server refuses a whole status patch that passes one of these bounds: cut to them first.
MAX_ATTEMPTS: Final = 10
MAX_ATTEMPT_MESSAGE: Final = 1024
MAX_TIMEOUT_BASIS: Final = 512
MAX_SUMMARY_HOSTS: Final = 256
MAX_SUMMARY_PORTS: Final = 1024
MAX_SUMMARY_STRING: Final = 253
MAX_TOKEN: Final = 64
MAX_HOLDERS: Final = 5

_Name = Annotated[str, Field(max_length=253)]
_Short = Annotated[str, Field(max_length=MAX_SUMMARY_STRING)]
_Count = Annotated[Int64, Field(ge=0)]


class Attempt(StatusModel):
    """One Pod of the ScanJob."""

    number: Annotated[Int32, Field(ge=1)]
    """Counts up for the life of the ScanJob, reruns included."""
    queue: Annotated[str, Field(max_length=317)] = ""
    """The queue that gave the slot, as namespace/name."""
    fence: Int64 = 0
    """The leadership that admitted it."""
    pod_name: _Name = ""
    """Its Pod, in the namespace of the ScanJob."""
    admitted_at: datetime | None = None
    """When it was given its slot, before its Pod was created."""
    started_at: datetime | None = None
    """When its scanner started."""
    ended_at: datetime | None = None
    """When its slot was free again; absent while it holds one."""
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    """How it ended, as one CamelCase word."""
    message: Annotated[str, Field(max_length=MAX_ATTEMPT_MESSAGE)] = ""
    """The same for people."""
    node_name: _Name = ""
    """The node on which it ran."""
    source_address: _Short = ""
    """The address from which it scanned."""
    packets_per_second: Annotated[Int32, Field(ge=1)] | None = None
    """What it was told to send at most; counted on the budgets of its queue and installation."""
    timeout_seconds: Annotated[Int32, Field(ge=1)] | None = None
    """How long it may take, from the start of its Pod; settled when it was admitted."""
    timeout_basis: Annotated[str, Field(max_length=MAX_TIMEOUT_BASIS)] = ""
    """Where that number comes from."""
    exit_code: Int32 | None = None
    """That of its container; 0 tells nothing of what was found."""


class PortSummary(StatusModel):
    """A port of a host, and what was found of it."""

    port: Annotated[Int32, Field(ge=0, le=65535)]
    """Its number."""
    protocol: Annotated[str, Field(max_length=16)]
    """tcp or udp."""
    state: Annotated[str, Field(max_length=16)] = ""
    """A word of nmap's, such as open or open|filtered."""
    service: _Short = ""
    """What is said to run there, where the scanner told."""


class HostSummary(StatusModel):
    """A host and its ports."""

    address: _Short
    """The address that was scanned."""
    hostname: _Short = ""
    """The name among the targets that led to it."""
    state: Annotated[str, Field(max_length=16)] = ""
    """up or down."""
    ports: Annotated[
        tuple[PortSummary, ...],
        Field(max_length=MAX_SUMMARY_PORTS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Its ports, open ones first, as far as there is room."""


class Summary(StatusModel):
    """What the scan found: counts are exact, the list of hosts may be cut."""

    complete: bool = False
    """Whether the scanner finished by itself."""
    truncated: bool = False
    """Whether hosts or ports are missing below; all findings are in the Pod's log."""
    hosts_up: _Count = 0
    """Hosts that answered."""
    hosts_down: _Count = 0
    """Hosts that did not; 0 of masscan, which cannot tell."""
    hosts_total: _Count = 0
    """Addresses that were to be scanned."""
    open_ports: _Count = 0
    """Open ports of all hosts together."""
    hosts: Annotated[
        tuple[HostSummary, ...],
        Field(max_length=MAX_SUMMARY_HOSTS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Those with open ports first, then others that are up, then those that are down."""


class Explanation(StatusModel):
    """The answer to the annotation scanyard.dev/explain, as it was at that time.

    Once the ScanJob waits no more only the question is kept.
    """

    token: Annotated[str, Field(max_length=MAX_TOKEN)]
    """The annotation's value that this answers."""
    at: datetime
    """When it was answered."""
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    """Why it waits, as one CamelCase word."""
    message: Annotated[str, Field(max_length=MAX_ATTEMPT_MESSAGE)] = ""
    """The same for people."""
    queue_position: Annotated[Int32, Field(ge=1)] | None = None
    """Its place in its queue's order, 1 is next; absent while it is kept aside."""
    estimated_start_time: datetime | None = None
    """Probably not before, by its queue's measured run times; absent where they do not tell."""
    estimated_start_time_latest: datetime | None = None
    """By when it has probably started."""
    until: datetime | None = None
    """When it is looked at again, where that is known."""
    waiting: Annotated[Int32, Field(ge=0)] | None = None
    """How many wait in its queue, itself among them."""
    running: Annotated[Int32, Field(ge=0)] | None = None
    """How many slots of its queue are in use."""
    limit: Annotated[Int32, Field(ge=0)] | None = None
    """How many slots its queue has."""
    held_by: Annotated[
        tuple[_Name, ...],
        Field(max_length=MAX_HOLDERS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """ScanJobs of its own namespace that have what it waits for."""
    held_by_others: Annotated[Int32, Field(ge=0)] | None = None
    """How many more have it."""
    parked_alike: Annotated[Int32, Field(ge=0)] | None = None
    """How many others are kept aside for the same."""


class ScanJobStatus(StatusModel):
    """What became of the ScanJob: phase for people, conditions for machines."""

    # Shown by get and watch although the API server drops a status sent with a create: a client
    # never takes a new object for a healthy one, and no first write is needed.
    model_config = ConfigDict(
        json_schema_extra={"default": {"observedGeneration": -1, "phase": "Pending"}}
    )

    observed_generation: Int64 = -1
    """The metadata.generation that this status speaks of."""
    phase: Phase = "Pending"
    """Where it is, as one word for people; programs read the conditions."""
    conditions: Conditions = ()
    """What holds now, for machines and for `kubectl wait`."""
    queued_at: datetime | None = None
    """Since when it waits, where that is not its creation."""
    queue_position: Annotated[Int32, Field(ge=1)] | None = None
    """Its place in its queue's order, 1 is next; told to the first 50, as long as they wait."""
    estimated_start_time: datetime | None = None
    """Probably not before, by its queue's measured run times; absent where they do not tell."""
    estimated_start_time_latest: datetime | None = None
    """By when it has probably started."""
    dependencies_met_at: datetime | None = None
    """When it was admitted with all of spec.dependsOn met; then they count no more in this run."""
    started_at: datetime | None = None
    """When the scanner of this run's last attempt started."""
    finished_at: datetime | None = None
    """When it came to its end, whatever that was."""
    rerun_token: Annotated[str, Field(max_length=64)] | None = None
    """The spec.rerunToken of the run that this status speaks of."""
    progress: Annotated[Int32, Field(ge=0, le=100)] | None = None
    """How much of the scan is done, in percent."""
    retry_at: datetime | None = None
    """When it may be admitted again after its Pod was refused or an attempt failed."""
    refusals: Annotated[Int32, Field(ge=0)] = 0
    """How often in a row its Pod was refused."""
    failures: Annotated[Int32, Field(ge=0)] = 0
    """How many attempts have failed since it was created or run again; see spec.retry."""
    attempt_count: Annotated[Int32, Field(ge=0)] = 0
    """The highest attempt number so far."""
    attempts: Annotated[
        tuple[Attempt, ...],
        Field(
            max_length=MAX_ATTEMPTS,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["number"],
            },
        ),
    ] = ()
    """The newest attempts."""
    summary: Summary | None = None
    """What the last attempt that reported has found."""
    explanation: Explanation | None = None
    """The answer to the last question by the annotation scanyard.dev/explain."""
