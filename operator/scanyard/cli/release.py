"""`scanyard release`: give a slot back whose scan nobody can see any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from scanyard.api.names import ANNOTATION_RELEASE
from scanyard.cli.access import Access, connection_options
from scanyard.cli.cluster import MissingRightError
from scanyard.cli.objects import Json, Objects, notes_of
from scanyard.cli.output import print_error, print_line
from scanyard.controller.mirror import key_of
from scanyard.errors import InvalidInputError, ScanyardError
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.decision import SLOT_HELD
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.pods.held_slot import HeldSlot, held_slots_of
from scanyard.lifecycle.pods.slots import deletion_due
from scanyard.lifecycle.queue import attempt_to_release, read_queue, released_attempts
from scanyard.lifecycle.status import Attempt
from scanyard.lifecycle.tenancy import OWN_NAMESPACE
from scanyard.lifecycle.timestamps import format_time

FIELD_MANAGER: Final = "scanyard-release"
#: So many attempts stand in a queue's annotation at most.
MOST_RELEASED: Final = 64
_TRIES: Final = 5
_EXIT_CHANGE_INPUT: Final = 2


class NotReleasableError(ScanyardError):
    """The slot is free already, or held by a scan that somebody sees."""


@dataclass(frozen=True, slots=True)
class LostScan:
    """An attempt that holds a slot of `queue`, and what is told of it; `job` as people name it."""

    job: str
    job_uid: str
    number: int
    queue: str
    pod_name: str
    node_name: str
    told: str

    @property
    def entry(self) -> str:
        """How it stands in the queue's annotation."""
        return attempt_to_release(self.job_uid, self.number)


@click.command()
@click.argument("scanjob")
@click.option("--namespace", "-n", help="Of the ScanJob, unless given as NAMESPACE/SCANJOB.")
@click.option(
    "--attempt",
    metavar="UID/NUMBER",
    help="Of a deleted ScanJob, where its name is not enough; see status.heldSlots of its queue.",
)
@click.option("--force", is_flag=True, help="Do it; without it only the danger is explained.")
@connection_options
def release(
    scanjob: str, namespace: str | None, attempt: str | None, *, force: bool, access: Access
) -> int:
    """Free the slot of SCANJOB, where its reason is SlotHeldNodeLost, or where it is deleted.

    Its Pod is gone, or on a node that does not answer, and nobody knows whether its scan still
    runs; the slot is held until it must have ended. Force frees it at once: if the scan does still
    run, a second one may run beside it. Needs the right to patch scanqueues, which tenants lack,
    and to list pods, scanjobs and scanqueues.
    """
    namespace, name = _identity(scanjob, namespace)
    objects = Objects(access.api(), namespace)
    try:
        lost = _find(objects, namespace, name, attempt)
        if not force:
            print_line(_explanation(lost))
            return _EXIT_CHANGE_INPUT
        _release(objects, lost)
    except MissingRightError as error:
        print_error(error.message)
        return _EXIT_CHANGE_INPUT
    print_line(f"{lost.job}: the slot of attempt {lost.number} is released")
    return 0


def _find(objects: Objects, namespace: str, name: str, attempt: str | None) -> LostScan:
    """The ScanJob's attempt, or that of one of the same name that was deleted."""
    if attempt is None:
        try:
            job = read_job(objects.get(SCANJOBS, namespace, name))
        except KubeNotFoundError:
            job = None
        if job is not None and job.status.open_attempt is not None:
            return _releasable_attempt(job, job.status.open_attempt)
    key = f"{namespace}/{name}"
    slots = [
        slot
        for queue in _queues(objects)
        for slot in held_slots_of(key_of(queue), queue.get("status") or {})
        if (slot.job_namespace, slot.job_name) == (namespace, name)
        and attempt in {None, slot.release_entry}
    ]
    if not slots:
        which = f"attempt {attempt}" if attempt is not None else "it"
        raise NotReleasableError(f"{key}: no slot is held for {which}; there is nothing to release")
    if len(slots) > 1:
        ways = " or ".join(f"--attempt {slot.release_entry}" for slot in slots)
        raise NotReleasableError(f"{key}: several slots are held for it; add {ways}")
    return _releasable_slot(objects, key, slots[0])


def _releasable_attempt(job: Job, attempt: Attempt) -> LostScan:
    """The attempt if nobody can confirm its end; raises NotReleasableError otherwise."""
    told = job.status.condition("Reconciling")
    if told is None or told.reason != SLOT_HELD:
        state = f"{told.reason}: {told.message}" if told is not None else job.status.phase
        raise NotReleasableError(
            f"{job.key}: its scan is not lost ({state}); to end it, set spec.cancel or spec.suspend"
        )
    return LostScan(
        job.key,
        job.uid,
        attempt.number,
        attempt.queue,
        attempt.pod_name,
        attempt.node_name,
        told.message,
    )


def _releasable_slot(objects: Objects, key: str, slot: HeldSlot) -> LostScan:
    """The same where no status of a ScanJob tells; its Pod does while it is there."""
    entry, now = slot.release_entry, datetime.now(UTC)
    for pod in objects.scan_pods():
        due = deletion_due(pod)
        if attempt_to_release(pod.job_uid, pod.attempt) == entry and (due is None or due > now):
            raise NotReleasableError(
                f"{key}: its scan is not lost; its Pod {pod.name} is being stopped, and has "
                f"until {format_time(due or slot.until)}"
            )
    told = f"the ScanJob is gone; the slot is held until {format_time(slot.until)}"
    return LostScan(
        key, slot.job_uid, slot.attempt, slot.queue, slot.pod_name, slot.node_name, told
    )


def _identity(scanjob: str, namespace: str | None) -> tuple[str, str]:
    given, _, name = scanjob.rpartition("/")
    if not name or (given and namespace and given != namespace):
        raise InvalidInputError("SCANJOB", f"{scanjob} names none", "write NAMESPACE/SCANJOB")
    if not (given or namespace):
        raise InvalidInputError("--namespace", "is missing", "add it, or write NAMESPACE/SCANJOB")
    return given or namespace or "", name


def _explanation(lost: LostScan) -> str:
    return (
        f"{lost.job}: attempt {lost.number}, Pod {lost.pod_name}, node "
        f"{lost.node_name or 'unknown'}: {lost.told}\n"
        "--force would free its slot now, and the next scan may start. If the lost one still runs, "
        "two scans then run at once: over the queue's limit, perhaps against the same targets. "
        "Make sure that the node is off, or cut off the network, before you add --force."
    )


def _release(objects: Objects, lost: LostScan) -> None:
    """Add the attempt to the queue's annotation, and take out what no longer matters."""
    namespace, _, queue_name = lost.queue.partition("/")
    for _ in range(_TRIES):
        try:
            queue = objects.get(SCANQUEUES, namespace, queue_name)
        except KubeNotFoundError:
            raise NotReleasableError(
                f"{lost.job}: its queue {lost.queue} is gone, and with it the limit"
            ) from None
        released = released_attempts(notes_of(queue))
        entries = _still_held(objects, queue, released) | {lost.entry}
        if len(entries) > MOST_RELEASED:
            raise NotReleasableError(
                f"{lost.queue}: {MOST_RELEASED} attempts are released already; wait until the "
                "operator has dealt with them"
            )
        notes = {ANNOTATION_RELEASE: ",".join(sorted(entries))}
        version = queue["metadata"]["resourceVersion"]
        try:
            objects.annotate_queue(queue, notes, manager=FIELD_MANAGER, version=version)
        except KubeConflictError:
            continue  # somebody else changed the queue: not to lose theirs, read it again
        return
    raise ScanyardError(f"{lost.queue} is being changed all the time; try again")


def _queues(objects: Objects) -> list[Json]:
    """Those that may have admitted it: of all namespaces, as far as the user may look."""
    try:
        return objects.everywhere().queues()
    except MissingRightError:
        return objects.queues()


def _still_held(objects: Objects, queue: Json, released: frozenset[str]) -> frozenset[str]:
    """Those of the released attempts that still matter; all of them where nobody can tell."""
    if not released:
        return released
    try:
        return released & _held(objects.everywhere(), queue)
    except MissingRightError:
        own = read_queue(queue).allowed_namespaces == OWN_NAMESPACE
        return released & _held(objects, queue) if own else released


def _held(objects: Objects, queue: Json) -> set[str]:
    """The attempts that still matter: open ones, those that have a Pod, or hold a slot without."""
    jobs = [read_job(raw) for raw in objects.scanjobs()]
    opened = {
        attempt_to_release(job.uid, attempt.number)
        for job in jobs
        if (attempt := job.status.open_attempt) is not None
    }
    pods = {attempt_to_release(pod.job_uid, pod.attempt) for pod in objects.scan_pods()}
    slots = held_slots_of(key_of(queue), queue.get("status") or {})
    return opened | pods | {slot.release_entry for slot in slots}
