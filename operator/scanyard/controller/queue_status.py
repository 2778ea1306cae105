"""The status of ScanQueues and the queue metrics: at most one write per queue in 5 s."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from scanyard import metrics
from scanyard.controller.context import Context
from scanyard.controller.queue_metrics import QueueMetrics
from scanyard.controller.subjects import queue_field
from scanyard.kube.errors import KubeError
from scanyard.kube.resources import SCANQUEUES
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import merge_patch
from scanyard.logs import tells
from scanyard.settings import EVERYWHERE

log = logging.getLogger(__name__)

_EVERY_SECONDS, _PER_QUEUE_SECONDS = 1.0, 5.0
#: Of queues looked at without a pause; some milliseconds.
_AT_A_TIME = 64


class QueueReporter:
    """Writes what changed; counts come from the leader's own copy of the ledger."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._metrics = QueueMetrics(context)
        self._written_at: dict[str, float] = {}
        self._shown: dict[str, tuple[str, str]] = {}

    async def measure_for_ever(self) -> NoReturn:
        """Set the metrics; asks nobody, so that they tell of an API server that does not answer."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            self._metrics.measure_installation()
            # First: one that was made anew has the series of the one before.
            self._forget_gone()
            async for uid, queue in self._queues():
                self._measure(uid, queue)

    async def report_for_ever(self) -> NoReturn:
        """Write the statuses."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            async for uid, queue in self._queues():
                await self._report(uid, queue)

    async def _queues(self) -> AsyncIterator[tuple[str, Queue]]:
        """Those that there are, with a pause now and then."""
        for number, uid in enumerate(self._context.mirror.queues.uids()):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            queue = self._context.mirror.queues.get(uid)
            if queue is not None:
                yield uid, queue

    def _measure(self, uid: str, queue: Queue) -> None:
        if uid not in self._shown:
            metrics.expect_queue(queue.namespace, queue.name)
        self._shown[uid] = (queue.namespace, queue.name)
        self._metrics.measure(queue)

    def _forget_gone(self) -> None:
        gone = [uid for uid in self._shown if self._context.mirror.queues.get(uid) is None]
        labels = {self._shown.pop(uid) for uid in gone}
        for uid in gone:
            self._written_at.pop(uid, None)
            self._context.lags[SCANQUEUES.plural].forget(uid)
        for names in labels:
            self._context.oldest.forget_queue("/".join(names))
        if labels:
            self._metrics.forget(labels)

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
            subject = tells(queue=queue_field(queue.key))
            log.debug("status of queue %s is written later: %s", queue.key, error, extra=subject)
            return
        # If it is no news, its event was quicker than the answer, and comes no second time.
        if self._context.mirror.queues.put(raw) is not None:
            version = int(raw["metadata"]["resourceVersion"])
            self._context.lags[SCANQUEUES.plural].wrote(uid, version)

    def _status(self, queue: Queue) -> dict[str, Any]:
        context = self._context
        # Written where slots come and go, see slot_records.
        kept = {key: queue.status[key] for key in ("heldSlots",) if key in queue.status}
        return kept | {
            "observedGeneration": queue.generation,
            "waiting": context.placement.waiting(queue.key),
            "running": context.placement.held(queue.key),
            "conditions": queue_conditions(
                queue,
                ledger_trouble=context.ledger_trouble,
                labels_readable=context.settings.scope == EVERYWHERE,
                now=context.now(),
                policy=context.policy_states.get(queue.key),
            ),
        }
