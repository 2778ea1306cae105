"""From an admitted attempt to its Pod: resolve, judge, build, create; and the tombstone.

A create without an answer is simply repeated by the next look: the name is the attempt's own, so
it can be done once only. A definite no closes the attempt, gives the slot back and parks the
ScanJob; it does not count as an attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.ends import count_finish, count_invalid, count_refusal
from scanyard.controller.events import warn
from scanyard.controller.pods.build import attempt_pod, tombstone_pod
from scanyard.controller.pods.resolve import UnresolvableError, resolve
from scanyard.controller.status_writer import settle_conflict, write_status
from scanyard.errors import InvalidInputError
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import PODS
from scanyard.lifecycle.admission import impossible, refused
from scanyard.lifecycle.blockers import namespace, scanner, scope, size
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.command import command_for
from scanyard.lifecycle.pods.node_slots import keep_apart
from scanyard.lifecycle.pods.template import POD_REFUSED
from scanyard.lifecycle.refusals import with_mend
from scanyard.lifecycle.status import Attempt, JobStatus
from scanyard.lifecycle.targets.judging import judge
from scanyard.lifecycle.targets.scope import dns_names
from scanyard.logs import tells

log = logging.getLogger(__name__)


async def create(context: Context, job: Job, attempt: Attempt) -> None:
    """Create the attempt's Pod; raises KubeUnavailableError when the API server does not say."""
    memory = context.memories.of(job.uid, attempt.number)
    sent_before = memory.unanswered is not None or attempt.fence != context.fence
    try:
        body = await _body(context, job, attempt)
    except (UnresolvableError, _NotAllowedError, InvalidInputError) as error:
        if sent_before:
            await _bury_instead(context, job, attempt, error)
        else:
            await _no_body(context, job, attempt, error)
        return
    # From here on a Pod may come into being without our hearing of it.
    memory.unanswered = (job, attempt)
    try:
        raw = await context.kube.create(PODS, job.namespace, body)
    except KubeConflictError:
        await _adopt(context, job, attempt)
        return
    except KubeRefusedError as error:
        if sent_before:
            if not await _was_done(context, job, attempt):
                await _bury_instead(context, job, attempt, error)
            return
        memory.unanswered = None
        message = f"its Pod was refused: {with_mend(str(error), job.namespace)}"
        await _refuse(context, job, attempt, POD_REFUSED, message)
        return
    log.info("ScanJob %s: Pod %s is created", job.key, attempt.pod_name)
    _saw(context, raw)
    # The Pod's event may be no news any more, and the last one for long: no node may take it.
    context.dirty.add(job.uid)


async def bury(context: Context, job: Job, attempt: Attempt) -> None:
    """Take an unwanted attempt's Pod name, so that a create that is still on its way gets 409."""
    try:
        raw = await context.kube.create(PODS, job.namespace, tombstone_pod(context, job, attempt))
    except KubeConflictError:
        await _adopt(context, job, attempt)
        return
    except KubeRefusedError as error:
        # The quota or policy that refuses a gated Pod refuses the late create as well, unless it
        # is lifted in between: then that Pod is ended as one without an attempt.
        log.info("no tombstone for %s: %s", attempt.pod_name, error)
        if await _was_done(context, job, attempt):
            return
        context.memories.of(job.uid, attempt.number).unanswered = None
        message = f"its Pod was refused: {with_mend(str(error), job.namespace)}"
        await _refuse(context, job, attempt, POD_REFUSED, message)
        return
    _saw(context, raw)
    context.dirty.add(job.uid)


async def _bury_instead(context: Context, job: Job, attempt: Attempt, error: Exception) -> None:
    """A create that was sent before may still arrive: the name is taken before the attempt ends.

    The next attempt, of which nothing is on its way, tells the user what is wrong.
    """
    log.info("Pod %s is not created (%s); its name is taken", attempt.pod_name, error)
    await bury(context, job, attempt)


class _NotAllowedError(Exception):
    """What a name resolved to is denied, or the queue's rules have changed since the admission."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


async def _body(context: Context, job: Job, attempt: Attempt) -> dict[str, Any]:
    resolved = await resolve(dns_names(job.spec["targets"]))
    # As the queue is now: after the wait for DNS, and perhaps long after the admission.
    queue = context.mirror.queues.named(attempt.queue)
    if queue is None:
        raise _NotAllowedError("QueueNotFound", f"queue {attempt.queue} is gone; create it again")
    if not context.takes(queue.key, job.namespace):
        raise _NotAllowedError(namespace.REASON, namespace.message(job))
    if queue.template_fault:
        raise _NotAllowedError(POD_REFUSED, queue.template_fault)
    if not queue.accepts_scanner(job.scanner):
        raise _NotAllowedError(scanner.REASON, scanner.message(job.scanner, queue))
    if not queue.accepts_size(addresses := context.addresses_of(job, queue)):
        raise _NotAllowedError(size.REASON, size.message(addresses, queue))
    verdict = judge(context.deny, job, queue, resolved)
    if verdict.refusal:
        raise _NotAllowedError(scope.REASON, verdict.refusal)
    command = command_for(
        job.spec,
        exclude=verdict.exclude,
        resolved=resolved,
        packets_per_second=attempt.packets_per_second,
    )
    pod = attempt_pod(context, job, attempt, queue, command, resolved)
    if queue.max_concurrent_per_node:
        slot = context.node_slots.choose(job.uid, queue)
        keep_apart(pod, slot, queue.max_concurrent_per_node)
    return pod


async def _adopt(context: Context, job: Job, attempt: Attempt) -> None:
    """409: the Pod is ours if uid and attempt say so, else the name is somebody else's."""
    if await _exists(context, job, attempt):
        return
    context.memories.of(job.uid, attempt.number).unanswered = None
    message = (
        f"a Pod {attempt.pod_name} that is not this ScanJob's stands in the way; delete it, or "
        "wait for the next attempt"
    )
    await _refuse(context, job, attempt, "PodNameTaken", message)


async def _was_done(context: Context, job: Job, attempt: Attempt) -> bool:
    """Whether an earlier create without an answer was done: a quota that it used up says no now."""
    try:
        return await _exists(context, job, attempt)
    except KubeNotFoundError:
        return False


async def _exists(context: Context, job: Job, attempt: Attempt) -> bool:
    """Whether the Pod of that name is the attempt's own; it is taken in then."""
    raw = await context.kube.get(PODS, job.namespace, attempt.pod_name)
    if not _is_ours(raw, job, attempt):
        return False
    _saw(context, raw)
    context.dirty.add(job.uid)
    return True


def _is_ours(raw: Mapping[str, Any], job: Job, attempt: Attempt) -> bool:
    meta = raw["metadata"]
    labels = meta.get("labels") or {}
    owners = meta.get("ownerReferences") or ()
    owned = any(owner.get("controller") and owner.get("uid") == job.uid for owner in owners)
    # A tombstone carries no owner where its ScanJob was gone; its uid label is as good.
    buried = labels.get(names.LABEL_ROLE) == names.ROLE_TOMBSTONE
    return (
        (owned or buried)
        and labels.get(names.LABEL_UID) == job.uid
        and labels.get(names.LABEL_ATTEMPT) == str(attempt.number)
    )


def _saw(context: Context, raw: Mapping[str, Any]) -> None:
    pod = context.mirror.pods.put(raw)
    if pod is not None:
        context.memories.saw(pod)


async def _no_body(context: Context, job: Job, attempt: Attempt, error: Exception) -> None:
    if isinstance(error, UnresolvableError):
        await _refuse(context, job, attempt, "TargetUnresolvable", str(error))
    elif isinstance(error, _NotAllowedError):
        await _refuse(context, job, attempt, error.reason, str(error))
    else:
        await _cannot_run(context, job, attempt, str(error))


async def _cannot_run(context: Context, job: Job, attempt: Attempt, message: str) -> None:
    """The spec makes no command. Only what a name resolves to may be better another time."""
    if dns_names(job.spec["targets"]):
        await _refuse(context, job, attempt, "TargetUnresolvable", message)
        return
    reason = tells(reason="InvalidSpec")
    log.warning("ScanJob %s: InvalidSpec: %s", job.key, message, extra=reason)
    status = impossible(job, attempt, message=message, now=context.now())
    if await _close(context, job, status):
        count_invalid(context, job, attempt, "InvalidSpec")
    await warn(context, job, "InvalidSpec", message)


async def _refuse(context: Context, job: Job, attempt: Attempt, reason: str, message: str) -> None:
    log.warning("ScanJob %s: %s: %s", job.key, reason, message, extra=tells(reason=reason))
    first = job.status.refusals == 0
    status = refused(job, attempt, reason=reason, message=message, now=context.now())
    if await _close(context, job, status):
        count_refusal(context, job, attempt, reason)
    if first:
        await warn(context, job, reason, message)


async def _close(context: Context, job: Job, status: JobStatus) -> bool:
    """Write the attempt's end; whether that is how it ended."""
    try:
        written = await write_status(context, job, status)
    except (KubeConflictError, KubeNotFoundError):
        written = None
        await settle_conflict(context, job)
    context.dirty.add(job.uid)
    if written is None:
        return False
    count_finish(context, job, written)
    return True
