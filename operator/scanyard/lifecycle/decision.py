"""What a decision may look at, and what it may answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scanyard.lifecycle.dependencies.dependency import Dependency
from scanyard.lifecycle.explaining.outlook import Outlook, Question
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.outcome import Outcome
from scanyard.lifecycle.pods.held_slot import HeldSlot
from scanyard.lifecycle.pods.pod import PodState
from scanyard.lifecycle.queue import Queue, attempt_to_release
from scanyard.lifecycle.status import Attempt, JobStatus

#: The reason of a ScanJob whose scan may run somewhere out of reach.
SLOT_HELD = "SlotHeldNodeLost"
#: Why a ScanJob waits that has a Pod without an attempt.
EARLIER_POD = "EarlierPodRunning"


class Wish(StrEnum):
    """What is wanted of a ScanJob now."""

    RUN = "Run"
    DRAIN = "Drain"
    EMERGENCY_STOP = "EmergencyStop"
    SUSPEND = "Suspend"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class Waiting:
    """In its queue's order."""

    queue: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Kept out of the order by a blocker; `until` None means until something changes.

    `reason`: what its user is told, where the blocker's name does not say it. It moves nothing.
    """

    queue: str
    blocker: str
    until: datetime | None = None
    reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Holding:
    """An attempt holds a slot of the queue that admitted it."""

    queue: str
    attempt: int


Place = Waiting | Parked | Holding | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """What is known of the open attempt's Pod.

    `existed`: a Pod of this attempt was created or seen. `create_uncertain`: a create that an
    earlier process sent may still arrive. `gone_at`: a consistent read said that the Pod is not
    there, and since when. `last_pod`: as it was seen last. `queue_read`: its queue was read
    consistently after the Pod had ended or gone. `grace_seconds`: that of a Pod never seen.
    """

    pod: PodState | None = None
    existed: bool = False
    create_uncertain: bool = True
    gone_at: datetime | None = None
    last_pod: PodState | None = None
    node_ready: bool = False
    queue_read: bool = False
    grace_seconds: int = 60


@dataclass(frozen=True, slots=True)
class View:
    """One ScanJob, its queue, its open attempt's Pod and the clock.

    `queue`: the one that admitted it, or that it waits for; None: there is none that takes it.
    `queue_closed`: there is one in its own namespace, which does not.
    `refusal`: why its targets must not be scanned. `addresses`: how many they are, where the queue
    has a limit to that.
    `refused_until`: the API server would not record its admission; not to be tried before.
    `stray`: its other Pods that may still scan, though their attempt is closed; `stray_gone`: the
    slot of one that went away unread; `stray_released`: attempts that their queues release.
    `lost_nodes`: nodes that a consistent read found not Ready,
    or gone. `installation_packets`: its packets a second, 0: no limit. `dependencies`: how the
    ScanJobs of spec.dependsOn stand; `cycle`: the names from this one through them back to it.
    `announce`: if it waits, this is the time to say why. `outlook`: where it stands in the order,
    read for that just now; None: only another reason is worth a write. `question`: who asks.
    """

    job: Job
    queue: Queue | None
    attempt: AttemptView
    now: datetime
    refusal: str = ""
    addresses: int = 0
    refused_until: datetime | None = None
    announce: bool = False
    over_limit: bool = False
    queue_closed: bool = False
    stray: tuple[PodState, ...] = ()
    stray_gone: HeldSlot | None = None
    stray_released: frozenset[str] = frozenset()
    lost_nodes: frozenset[str] = frozenset()
    installation_packets: int = 0
    dependencies: tuple[Dependency, ...] = ()
    cycle: tuple[str, ...] = ()
    outlook: Outlook | None = None
    question: Question | None = None
    waiting_reason: tuple[str, str] = ("QueueFull", "waits for a slot of its queue")


@dataclass(frozen=True, slots=True)
class Decision:
    """The status that should stand, the place in the ledger, and the effects to make.

    `held_slot`: the slot that is held without an open attempt, for the queue's status.
    `ended`: the attempt that this ends, to be counted once; `retried`: another one follows.
    """

    status: JobStatus
    place: Place
    create: Attempt | None = None
    tombstone: Attempt | None = None
    delete: PodState | None = None
    delete_stray: tuple[PodState, ...] = ()
    look_up_stray: tuple[PodState, ...] = ()
    held_slot: HeldSlot | None = None
    look_up: Attempt | None = None
    read_queue: Attempt | None = None
    check_node: str = ""
    look_again_at: datetime | None = None
    ended: tuple[Attempt, Outcome] | None = None
    retried: bool = False


def wish_of(job: Job, queue: Queue | None) -> Wish:
    """Cancel and deletion outrank suspend, which outranks what stops the whole queue."""
    if job.deleting or job.cancel:
        return Wish.CANCEL
    if job.suspend:
        return Wish.SUSPEND
    if queue is not None and queue.draining:
        return Wish.DRAIN if queue.emergency_stop is None else Wish.EMERGENCY_STOP
    return Wish.RUN


def held(attempt: Attempt) -> Holding:
    """The slot that an attempt holds."""
    return Holding(attempt.queue, attempt.number)


def is_released(view: View, number: int) -> bool:
    """Whether the platform says that this attempt's scan has stopped, where nobody else can."""
    return view.queue is not None and (
        attempt_to_release(view.job.uid, number) in view.queue.released
    )
