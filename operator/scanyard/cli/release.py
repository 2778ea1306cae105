"""`scanyard release`: give a slot back whose scan nobody can see any more."""

from __future__ import annotations

from typing import Final

import click

from scanyard.api.names import ANNOTATION_RELEASE
from scanyard.cli.access import Access, connection_options
from scanyard.cli.cluster import MissingRightError
from scanyard.cli.objects import Objects, notes_of
from scanyard.cli.output import print_error, print_line
from scanyard.errors import InvalidInputError, ScanyardError
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES
from scanyard.lifecycle.decision import SLOT_HELD
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.queue import attempt_to_release, released_attempts
from scanyard.lifecycle.status import Attempt

FIELD_MANAGER: Final = "scanyard-release"
#: So many attempts stand in a queue's annotation at most.
MOST_RELEASED: Final = 64
_TRIES: Final = 5
_EXIT_CHANGE_INPUT: Final = 2


class NotReleasableError(ScanyardError):
    """The slot is free already, or held by a scan that somebody sees."""


@click.command()
@click.argument("scanjob")
@click.option("--namespace", "-n", help="Of the ScanJob, unless given as NAMESPACE/SCANJOB.")
@click.option("--force", is_flag=True, help="Do it; without it only the danger is explained.")
@connection_options
def release(scanjob: str, namespace: str | None, *, force: bool, access: Access) -> int:
    """Free the slot of SCANJOB, where its reason is SlotHeldNodeLost.

    Its Pod is gone, or on a node that does not answer, and nobody knows whether its scan still
    runs; the slot is held until it must have ended. Force frees it at once: if the scan does still
    run, a second one may run beside it. Needs the right to patch scanqueues, which tenants lack,
    and to list pods and scanjobs.
    """
    namespace, name = _identity(scanjob, namespace)
    objects = Objects(access.api(), namespace)
    try:
        job = read_job(objects.get(SCANJOBS, namespace, name))
        attempt = releasable(job)
        if not force:
            print_line(_explanation(job, attempt))
            return _EXIT_CHANGE_INPUT
        _release(objects, job, attempt)
    except MissingRightError as error:
        print_error(error.message)
        return _EXIT_CHANGE_INPUT
    print_line(f"{job.key}: the slot of attempt {attempt.number} is released")
    return 0


def releasable(job: Job) -> Attempt:
    """The attempt whose end nobody can confirm; raises NotReleasableError if there is none."""
    attempt, told = job.status.open_attempt, job.status.condition("Reconciling")
    if attempt is None:
        raise NotReleasableError(f"{job.key}: holds no slot; there is nothing to release")
    if told is None or told.reason != SLOT_HELD:
        state = f"{told.reason}: {told.message}" if told is not None else job.status.phase
        raise NotReleasableError(
            f"{job.key}: its scan is not lost ({state}); to end it, set spec.cancel or spec.suspend"
        )
    return attempt


def _identity(scanjob: str, namespace: str | None) -> tuple[str, str]:
    given, _, name = scanjob.rpartition("/")
    if not name or (given and namespace and given != namespace):
        raise InvalidInputError("SCANJOB", f"{scanjob} names none", "write NAMESPACE/SCANJOB")
    if not (given or namespace):
        raise InvalidInputError("--namespace", "is missing", "add it, or write NAMESPACE/SCANJOB")
    return given or namespace or "", name


def _explanation(job: Job, attempt: Attempt) -> str:
    told = job.status.condition("Reconciling")
    node = attempt.node_name or "unknown"
    return (
        f"{job.key}: attempt {attempt.number}, Pod {attempt.pod_name}, node {node}: "
        f"{told.message if told is not None else ''}\n"
        "--force would free its slot now, and the next scan may start. If the lost one still runs, "
        "two scans then run at once: over the queue's limit, perhaps against the same targets. "
        "Make sure that the node is off, or cut off the network, before you add --force."
    )


def _release(objects: Objects, job: Job, attempt: Attempt) -> None:
    """Add the attempt to the queue's annotation, and take out what no longer matters."""
    namespace, _, queue_name = attempt.queue.partition("/")
    entry = attempt_to_release(job.uid, attempt.number)
    for _ in range(_TRIES):
        try:
            queue = objects.get(SCANQUEUES, namespace, queue_name)
        except KubeNotFoundError:
            raise NotReleasableError(
                f"{job.key}: its queue {attempt.queue} is gone, and with it the limit"
            ) from None
        entries = (released_attempts(notes_of(queue)) & _held(objects)) | {entry}
        if len(entries) > MOST_RELEASED:
            raise NotReleasableError(
                f"{attempt.queue}: {MOST_RELEASED} attempts are released already; wait until the "
                "operator has dealt with them"
            )
        notes = {ANNOTATION_RELEASE: ",".join(sorted(entries))}
        version = queue["metadata"]["resourceVersion"]
        try:
            objects.annotate_queue(queue, notes, manager=FIELD_MANAGER, version=version)
        except KubeConflictError:
            continue  # somebody else changed the queue: not to lose theirs, read it again
        return
    raise ScanyardError(f"{attempt.queue} is being changed all the time; try again")


def _held(objects: Objects) -> set[str]:
    """The attempts that still matter: open ones, and those that have a Pod."""
    jobs = [read_job(raw) for raw in objects.scanjobs()]
    opened = {
        attempt_to_release(job.uid, attempt.number)
        for job in jobs
        if (attempt := job.status.open_attempt) is not None
    }
    return opened | {attempt_to_release(p.job_uid, p.attempt) for p in objects.scan_pods()}
