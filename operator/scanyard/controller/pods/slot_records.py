"""Slots that are held without an open attempt, told in the status of their queue.

Nothing else in the API tells of a Pod that went away unread when its ScanJob is gone as well: a
leader that takes over holds the slot by what stands there.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from scanyard.api.scanqueue import MAX_HELD_SLOTS
from scanyard.controller.context import Context
from scanyard.controller.handlers import on_scanqueue
from scanyard.controller.pods.actions import is_node_ready
from scanyard.controller.pods.stray_slots import unnoticed_slot
from scanyard.controller.subjects import queue_field
from scanyard.kube.errors import (
    KubeConflictError,
    KubeError,
    KubeNotFoundError,
    KubeRefusedError,
)
from scanyard.kube.resources import SCANQUEUES
from scanyard.lifecycle.pods.held_slot import HeldSlot, held_slots_of
from scanyard.lifecycle.pods.slots import unconfirmed_end
from scanyard.logs import tells

log = logging.getLogger(__name__)


def adopt_told_slots(context: Context) -> None:
    """Take in what earlier leaders told; once, from a mirror that is fresh and before a rebuild."""
    for queue_uid in context.mirror.queues.uids():
        queue = context.mirror.queues.get(queue_uid)
        if queue is None:
            continue
        for slot in held_slots_of(queue.key, queue.status):
            context.held_slots.told[slot.job_uid] = slot
            context.dirty.add(slot.job_uid)


async def notice_vanished(context: Context, job_uid: str) -> None:
    """A Pod without an open attempt went away unread: its node decides how long its slot is held.

    Without I/O where that is not so, or known already.
    """
    slot, known = unnoticed_slot(context, job_uid), context.held_slots.gone.get(job_uid)
    if slot is None or (known is not None and known.attempt == slot.attempt):
        return
    memory = context.memories.known(job_uid)
    if memory is not None and memory.gone_at is not None and memory.number == slot.attempt:
        ready, gone_at = memory.node_ready, memory.gone_at
    else:
        ready, gone_at = await is_node_ready(context, slot.node_name), context.now()
    if ready:
        grace = context.settings.scan_grace_seconds
        last = memory.last_pod if memory is not None and memory.number == slot.attempt else None
        soon = unconfirmed_end(
            last, gone_at, node_ready=True, timeout_seconds=0, grace_seconds=grace
        )
        slot = replace(slot, until=min(slot.until, soon))
    context.held_slots.gone[job_uid] = slot


async def tell_slot(context: Context, job_uid: str, slot: HeldSlot | None) -> None:
    """Have the queue's status tell of the ScanJob's slot, or no more; raises KubeError if unsure.

    Before the slot is given up, or a Pod deleted: what is told too long is held for a while
    by the next leader, what is not told is not held at all.
    """
    held = context.held_slots
    before = held.told.get(job_uid)
    try:
        for queue in sorted(held.tell(job_uid, slot)):
            # One writer at a time; who comes second finds its slot told by the first.
            async with context.lock(f"held slots of {queue}"):
                if queue in held.untold:
                    await _write(context, queue)
    except KubeError:
        if slot is None and before is not None:
            held.told[job_uid] = before  # to be taken out the next time
        raise


async def _write(context: Context, queue_key: str) -> None:
    queue, held = context.mirror.queues.named(queue_key), context.held_slots
    held.untold.discard(queue_key)
    if queue is None:
        return  # and with it the limit
    told = told_slots(context, queue_key)
    if told == list(queue.status.get("heldSlots") or ()):
        return
    try:
        raw = await context.kube.patch_status(
            SCANQUEUES, queue.namespace, queue.name, {"heldSlots": told}, queue.resource_version
        )
    except KubeNotFoundError:
        return
    except KubeConflictError:
        held.untold.add(queue_key)
        # Somebody else changed it, and the event is on its way: the next look writes.
        on_scanqueue(context, None, await context.kube.get(SCANQUEUES, queue.namespace, queue.name))
        raise
    except KubeRefusedError as error:
        # A definite no must not keep a slot that is free: it is held by this leader's memory.
        subject = tells(queue=queue_field(queue_key))
        log.warning(
            "queue %s cannot tell which slots are held: %s", queue_key, error, extra=subject
        )
        return
    except BaseException:
        held.untold.add(queue_key)
        raise
    context.mirror.queues.put(raw)


def told_slots(context: Context, queue_key: str) -> list[dict[str, Any]]:
    """status.heldSlots of a queue; those that are held longest, where there are too many."""
    slots = context.held_slots.of_queue(queue_key)
    if len(slots) > MAX_HELD_SLOTS:
        longest = sorted(slots, key=lambda slot: slot.until)[-MAX_HELD_SLOTS:]
        slots = [slot for slot in slots if slot in longest]
    return [slot.raw() for slot in slots]
