"""The status of ScanQueues and the queue metrics: at most one write per queue in 5 s."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, NoReturn

from scanyard import metrics
from scanyard.controller.context import Context
from scanyard.kube.errors import KubeError
from scanyard.kube.resources import SCANQUEUES
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import merge_patch

log = logging.getLogger(__name__)

_EVERY_SECONDS, _PER_QUEUE_SECONDS = 1.0, 5.0


class QueueReporter:
    """Writes what changed; counts come from the leader's own copy of the ledger."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._written_at: dict[str, float] = {}
        self._shown: dict[str, tuple[str, str]] = {}

    async def run(self) -> NoReturn:
        """Report for ever."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            for uid in self._context.mirror.queues.uids():
                queue = self._context.mirror.queues.get(uid)
                if queue is not None:
                    self._measure(uid, queue)
                    await self._report(uid, queue)
            self._forget_gone()

    def _measure(self, uid: str, queue: Queue) -> None:
        labels = self._shown[uid] = (queue.namespace, queue.name)
        metrics.QUEUE_WAITING.labels(*labels).set(self._context.placement.waiting(queue.key))
        metrics.QUEUE_RUNNING.labels(*labels).set(self._context.placement.held(queue.key))
        metrics.QUEUE_LIMIT.labels(*labels).set(queue.max_concurrent)

    def _forget_gone(self) -> None:
        for uid in [uid for uid in self._shown if self._context.mirror.queues.get(uid) is None]:
            labels = self._shown.pop(uid)
            self._written_at.pop(uid, None)
            for gauge in (metrics.QUEUE_WAITING, metrics.QUEUE_RUNNING, metrics.QUEUE_LIMIT):
                gauge.remove(*labels)

    async def _report(self, uid: str, queue: Queue) -> None:
        now = time.monotonic()
        if now - self._written_at.get(uid, float("-inf")) < _PER_QUEUE_SECONDS:
            return
        patch = merge_patch(queue.status, self._status(queue))
        if not patch:
            return
        self._written_at[uid] = now
        try:
            raw = await self._context.kube.patch_status(
                SCANQUEUES, queue.namespace, queue.name, patch, queue.resource_version
            )
        except KubeError as error:
            log.debug("status of queue %s is written later: %s", queue.key, error)
            return
        self._context.mirror.queues.put(raw)

    def _status(self, queue: Queue) -> dict[str, Any]:
        context = self._context
        # Written where slots come and go, see slot_records.
        kept = {key: queue.status[key] for key in ("heldSlots",) if key in queue.status}
        return kept | {
            "observedGeneration": queue.generation,
            "waiting": context.placement.waiting(queue.key),
            "running": context.placement.held(queue.key),
            "conditions": queue_conditions(
                queue, ledger_trouble=context.ledger_trouble, now=context.now()
            ),
        }
