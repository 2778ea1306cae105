"""ScanJob: one scan that a user asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from scanyard.api import names
from scanyard.api.base import Int32, Resource, SpecModel
from scanyard.api.dependencies import NOT_ON_ITSELF, Dependencies, DependencyFailurePolicy
from scanyard.api.retention import TtlSeconds
from scanyard.api.rules import validations
from scanyard.api.scanjob_rules import (
    MAX_PORT_LIST_LENGTH,
    PORT_LIST_RULES,
    PORTS_RULES,
    QUEUE_REF_RULE,
    RETRY_RULES,
    SPEC_RULES,
)
from scanyard.api.scanjob_status import ScanJobStatus
from scanyard.api.target_rules import (
    ADDRESS_RULES,
    MAX_TARGET_LENGTH,
    MAX_TARGETS,
    TARGET_RULES,
)

Scanner = Literal["nmap", "masscan"]
Technique = Literal["Connect", "Syn", "Udp", "Discovery"]
Timing = Literal["Paranoid", "Sneaky", "Polite", "Normal", "Aggressive", "Insane"]
TimeoutPolicy = Literal["Fixed", "Adaptive"]
ScriptCategory = Literal["Default", "Safe", "Version", "Discovery", "Auth", "Vuln"]
Cause = Literal[
    "NodeLost",
    "Evicted",
    "Preempted",
    "ImagePull",
    "StartDeadline",
    "ResultLost",
    "Timeout",
    "ScannerError",
]

MAX_PACKETS_PER_SECOND: Final = 1_000_000
MIN_TIMEOUT_SECONDS: Final = 5
MAX_TIMEOUT_SECONDS: Final = 1_209_600
DEFAULT_TIMEOUT_SECONDS: Final = 3600
DEFAULT_START_DEADLINE_SECONDS: Final = 600
MAX_START_DEADLINE_SECONDS: Final = 86_400
MAX_RETRY_ATTEMPTS: Final = 20
MAX_BACKOFF_SECONDS: Final = 86_400
MAX_RERUN_TOKEN_LENGTH: Final = 64
MAX_TIME_LENGTH: Final = 35
TIME_PATTERN: Final = (
    r"^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)

_SET = {"x-kubernetes-list-type": "set"}
# As a set, 1,024 targets would each stand in managedFields too: measured 2.6 times the object and
# 2.5 times the cost of every status write.
_ATOMIC = {"x-kubernetes-list-type": "atomic"}

Target = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TARGET_LENGTH, json_schema_extra=validations(*TARGET_RULES)),
]
Address = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_TARGET_LENGTH, json_schema_extra=validations(*ADDRESS_RULES)
    ),
]
PortList = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PORT_LIST_LENGTH,
        json_schema_extra=validations(*PORT_LIST_RULES),
    ),
]
PacketsPerSecond = Annotated[Int32, Field(ge=1, le=MAX_PACKETS_PER_SECOND)]
TimeoutSeconds = Annotated[Int32, Field(ge=MIN_TIMEOUT_SECONDS, le=MAX_TIMEOUT_SECONDS)]


class QueueRef(SpecModel):
    """The ScanQueue in which the ScanJob waits."""

    name: Annotated[str, Field(min_length=1, max_length=253)] = names.DEFAULT_QUEUE
    """Name of the ScanQueue."""
    namespace: (
        Annotated[str, Field(min_length=1, max_length=63, pattern=names.NAMESPACE_PATTERN)] | None
    ) = None
    """Its namespace, where that is another one; that queue must allow the ScanJob's namespace."""


class Ports(SpecModel):
    """Which ports to scan: lists of ports, or as many as nmap finds open most often."""

    model_config = ConfigDict(json_schema_extra=validations(*PORTS_RULES))

    tcp: PortList | None = None
    """TCP ports and ranges, such as 22,80,8000-8100."""
    udp: PortList | None = None
    """UDP ports and ranges, such as 53,161; they need raw sockets."""
    top: Annotated[Int32, Field(ge=1, le=65535)] | None = None
    """The so many ports that are open most often, by nmap's own list."""


class NmapOptions(SpecModel):
    """How nmap scans."""

    technique: Technique = "Connect"
    """Connect needs no privileges; Syn and Udp need raw sockets; Discovery only finds hosts."""
    timing: Timing = "Normal"
    """nmap's timing template, from Paranoid (slowest) to Insane."""
    service_detection: bool = False
    """Ask open ports which service and version they run."""
    os_detection: bool = False
    """Guess the operating system; needs raw sockets."""
    script_categories: Annotated[
        tuple[ScriptCategory, ...], Field(max_length=6, json_schema_extra=_SET)
    ] = ()
    """Run nmap's scripts of these categories; never those that leave the targets or harm them."""
    skip_host_discovery: bool = False
    """Take all targets as up instead of finding out first."""
    disable_arp_ping: bool = False
    """Find hosts without ARP, for networks whose router answers for everybody."""
    packets_per_second: PacketsPerSecond | None = None
    """Send at most so many packets a second."""
    max_retries: Annotated[Int32, Field(ge=0, le=20)] | None = None
    """Repeat an unanswered probe at most so often."""
    host_timeout_seconds: TimeoutSeconds | None = None
    """Give up on a host after so long."""


class MasscanOptions(SpecModel):
    """How masscan scans."""

    packets_per_second: PacketsPerSecond = 100
    """Send so many packets a second."""
    retries: Annotated[Int32, Field(ge=0, le=5)] = 0
    """Send each probe so many times more."""
    wait_seconds: Annotated[Int32, Field(ge=0, le=60)] = 10
    """Wait so long for late answers after the last probe."""


# What the API server takes for a date-time is more than RFC 3339 and more than Python reads.
NotBefore = Annotated[
    datetime, Field(json_schema_extra={"maxLength": MAX_TIME_LENGTH, "pattern": TIME_PATTERN})
]
BackoffSeconds = Annotated[Int32, Field(ge=1, le=MAX_BACKOFF_SECONDS)]


class Retry(SpecModel):
    """Which failures are tried again, how often, and how soon."""

    model_config = ConfigDict(json_schema_extra=validations(*RETRY_RULES))

    max_attempts: Annotated[Int32, Field(ge=1, le=MAX_RETRY_ATTEMPTS)] = 3
    """Fail for good after so many failed attempts; 1 never tries again."""
    backoff_seconds: BackoffSeconds = 10
    """Wait up to so long, at random, before the second attempt; doubled before each next one."""
    max_backoff_seconds: BackoffSeconds = 300
    """Never wait longer than this before an attempt."""
    # Not `on`: YAML 1.1 reads that as a boolean, and kubectl sends it as "true".
    causes: Annotated[tuple[Cause, ...], Field(max_length=8, json_schema_extra=_SET)] = (
        "NodeLost",
        "Evicted",
        "Preempted",
        "ImagePull",
        "StartDeadline",
        "ResultLost",
    )
    """Try again after failures of these causes; a complete result is never scanned again."""


class ScanJobSpec(SpecModel):
    """What to scan, how, how urgent."""

    model_config = ConfigDict(json_schema_extra=validations(*SPEC_RULES))

    queue_ref: QueueRef = QueueRef()
    """Where the ScanJob waits; can be changed while it does."""
    scanner: Scanner
    """The program that scans."""
    targets: Annotated[
        tuple[Target, ...], Field(min_length=1, max_length=MAX_TARGETS, json_schema_extra=_ATOMIC)
    ]
    """Canonical addresses, networks, ranges such as 192.0.2.1-192.0.2.9, and DNS names."""
    exclude_targets: Annotated[
        tuple[Address, ...], Field(max_length=MAX_TARGETS, json_schema_extra=_ATOMIC)
    ] = ()
    """Addresses, networks and ranges to leave out."""
    ports: Ports | None = None
    """What to probe on each host; without it nmap's 1,000 most common ports."""
    nmap: NmapOptions | None = None
    """Options of the scanner nmap."""
    masscan: MasscanOptions | None = None
    """Options of the scanner masscan."""
    priority: Annotated[Int32, Field(ge=-100, le=100)] = 0
    """Higher is more urgent; ageing lets the less urgent have their turn."""
    # No default here: what its user did not state is the queue's to say.
    timeout_seconds: TimeoutSeconds | None = None
    """Stop the scan after so long and keep what it found; else its queue says, or 3600."""
    timeout_policy: TimeoutPolicy | None = None
    """Adaptive reckons the timeout from addresses, ports and rate; without it its queue says."""
    start_deadline_seconds: Annotated[
        Int32, Field(ge=MIN_TIMEOUT_SECONDS, le=MAX_START_DEADLINE_SECONDS)
    ] = DEFAULT_START_DEADLINE_SECONDS
    """Give up an attempt that gets no node in so long, or does not start on its node in so long."""
    retry: Retry = Retry()
    """What to do when an attempt fails."""
    depends_on: Dependencies = ()
    """Wait until these ScanJobs of the same namespace have finished."""
    dependency_failure_policy: DependencyFailurePolicy = "Cancel"
    """When a ScanJob that must succeed did not: Cancel ends this one, too; Wait goes on waiting."""
    not_before: NotBefore | None = None
    """Start no attempt before this time, such as 2026-01-31T22:00:00Z."""
    suspend: bool = False
    """Stop the scan, or do not start it, until this is false again."""
    cancel: bool = False
    """Stop the scan for good; only a new rerunToken brings it back."""
    rerun_token: Annotated[str, Field(min_length=1, max_length=MAX_RERUN_TOKEN_LENGTH)] | None = (
        None
    )
    """A new value runs the finished ScanJob again."""
    ttl_seconds_after_finished: TtlSeconds | None = None
    """Delete the ScanJob, its results and its Pods so long after its end; else the queue says."""


class ScanJob(Resource):
    """One scan that a user asked for: what to scan, how, how urgent, and what came of it."""

    model_config = ConfigDict(json_schema_extra=validations(QUEUE_REF_RULE, NOT_ON_ITSELF))

    spec: ScanJobSpec
    status: ScanJobStatus = ScanJobStatus()

    @property
    def queue_key(self) -> str:
        """The key "namespace/name" of its ScanQueue."""
        reference = self.spec.queue_ref
        return f"{reference.namespace or self.metadata.namespace}/{reference.name}"
