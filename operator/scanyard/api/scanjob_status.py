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
MAX_SUMMARY_HOSTS: Final = 256
MAX_SUMMARY_PORTS: Final = 1024
MAX_SUMMARY_STRING: Final = 253

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
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    """When its scanner started."""
    ended_at: datetime | None = None
    """When its slot was free again; absent while it holds one."""
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    """How it ended, as one CamelCase word."""
    message: Annotated[str, Field(max_length=MAX_ATTEMPT_MESSAGE)] = ""
    node_name: _Name = ""
    source_address: _Short = ""
    """The address from which it scanned."""
    packets_per_second: Annotated[Int32, Field(ge=1)] | None = None
    """What it was told to send at most; counted on the budgets of its queue and installation."""
    exit_code: Int32 | None = None


class PortSummary(StatusModel):
    """A port that is open, or may be."""

    port: Annotated[Int32, Field(ge=0, le=65535)]
    protocol: Annotated[str, Field(max_length=16)]
    state: Annotated[str, Field(max_length=16)] = ""
    """A word of nmap's, such as open or open|filtered."""
    service: _Short = ""


class HostSummary(StatusModel):
    """A host and its ports."""

    address: _Short
    hostname: _Short = ""
    state: Annotated[str, Field(max_length=16)] = ""
    ports: Annotated[
        tuple[PortSummary, ...],
        Field(max_length=MAX_SUMMARY_PORTS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()


class Summary(StatusModel):
    """What the scan found: counts are exact, the list of hosts may be cut."""

    complete: bool = False
    """Whether the scanner finished by itself."""
    truncated: bool = False
    """Whether hosts or ports are missing below; all findings are in the Pod's log."""
    hosts_up: _Count = 0
    hosts_down: _Count = 0
    hosts_total: _Count = 0
    open_ports: _Count = 0
    hosts: Annotated[
        tuple[HostSummary, ...],
        Field(max_length=MAX_SUMMARY_HOSTS, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()


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
    conditions: Conditions = ()
    queued_at: datetime | None = None
    """Since when it waits, where that is not its creation."""
    dependencies_met_at: datetime | None = None
    """When it was admitted with all of spec.dependsOn met; then they count no more in this run."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
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
