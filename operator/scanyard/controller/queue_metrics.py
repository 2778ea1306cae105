"""The metrics of queues: whatever may be asked of one at any moment, from the leader's own counts.

Nothing here grows with the number of the waiting. Labels whose values come and go (reasons,
namespaces) have series only while there is something to tell, so that a queue's are bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from heapq import nlargest
from typing import Final

from prometheus_client import Gauge

from scanyard import metrics
from scanyard.controller.admission.line import fair_shares
from scanyard.controller.admission.waiting_reason import waiting_by_reason
from scanyard.controller.context import Context
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing import capacity

#: So many namespaces of a queue have series of their own, those of which most is there.
MOST_NAMESPACES: Final = 50
#: All others together; no namespace can be called so.
OTHERS: Final = "(others)"
#: Who they are may change every minute, so that series do not come and go with every scan.
_CHOICE_SECONDS: Final = 60.0

#: Values by the labels that come after those of the queue.
_Values = Mapping[tuple[str, ...], float]


class QueueMetrics:
    """Sets what is served of each queue."""

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._chosen: dict[str, tuple[float, Collection[str]]] = {}
        self._served: dict[str, dict[Gauge, _Values]] = {}

    def measure(self, queue: Queue) -> None:
        """Set all metrics of the queue that are no counters."""
        placement, budgets = self._context.placement, self._context.budgets
        since = self._context.oldest.of_queue(queue.key)
        waits = 0.0 if since is None else (self._context.now() - since) / timedelta(seconds=1)
        unconfirmed = self._context.unconfirmed.of_queue(queue.key)
        without_scanjob = len(self._context.held_slots.of_queue(queue.key))
        values = {
            metrics.QUEUE_WAITING: placement.waiting(queue.key),
            metrics.QUEUE_ELIGIBLE: placement.eligible(queue.key),
            metrics.QUEUE_OLDEST_WAIT: max(waits, 0.0),
            metrics.QUEUE_TARGET_WAIT: queue.target_wait_seconds,
            metrics.QUEUE_RUNNING: placement.held(queue.key),
            metrics.QUEUE_LIMIT: queue.max_concurrent,
            metrics.QUEUE_HELD: queue.held,
            metrics.QUEUE_PACKETS: budgets.packets(queue.key),
            metrics.QUEUE_PACKETS_LIMIT: queue.packets_per_second,
            metrics.QUEUE_UNCONFIRMED: unconfirmed + without_scanjob,
        }
        for gauge, value in values.items():
            self._serve(gauge, queue, {(): value})
        for within in ("true", "false") if queue.target_wait_seconds else ():
            # 0 before the first one, to be counted.
            metrics.TARGET_WAITS.labels(queue.namespace, queue.name, within)
        reasons = waiting_by_reason(self._context, queue)
        self._serve(metrics.QUEUE_WAITING_BY_REASON, queue, _labelled(reasons))
        self._measure_namespaces(queue)

    def measure_installation(self) -> None:
        """Set what belongs to no queue."""
        placement, queues = self._context.placement, self._context.mirror.queues
        missing = (key for key in placement.queues_with_waiting() if queues.named(key) is None)
        metrics.WAITING_WITHOUT_QUEUE.set(sum(placement.waiting(key) for key in missing))
        metrics.DIRTY_KEYS.set(len(self._context.dirty))
        for plural, lag in self._context.lags.items():
            metrics.WATCH_LAG.labels(plural).set(lag.seconds())

    def forget(self, gone: Collection[tuple[str, str]]) -> None:
        """These queues (namespace, name) are gone, and so are their series."""
        metrics.forget_queues(gone)
        for namespace, name in gone:
            key = f"{namespace}/{name}"
            self._chosen.pop(key, None)
            self._served.pop(key, None)

    def _measure_namespaces(self, queue: Queue) -> None:
        namespaces = self._context.placement.namespaces
        held, present = namespaces.held(queue.key), namespaces.present(queue.key)
        shown = self._shown(queue.key, present)
        running = {namespace: held.get(namespace, 0) for namespace in shown}
        waiting = {namespace: present[namespace] - running[namespace] for namespace in shown}
        shares = fair_shares(self._context, queue)
        parts = {} if shares is None else {name: float(shares.part(name)) for name in shown}
        if len(present) > len(shown):
            in_use = self._context.placement.held(queue.key)
            running[OTHERS] = in_use - sum(running.values())
            waiting[OTHERS] = self._in_turn(queue) - sum(waiting.values())
            if parts:
                parts[OTHERS] = max(in_use + 1 - sum(parts.values()), 0.0)
        self._serve(metrics.NAMESPACE_RUNNING, queue, _labelled(running))
        self._serve(metrics.NAMESPACE_WAITING, queue, _labelled(waiting))
        self._serve(metrics.NAMESPACE_FAIR_SHARE, queue, _labelled(parts))

    def _in_turn(self, queue: Queue) -> int:
        """How many of the queue wait for their turn, in all namespaces together."""
        aside = self._context.placement.kept_aside(queue.key)
        short = sum(aside.get(reason, 0) for reason in capacity.REASONS)
        return self._context.placement.eligible(queue.key) + short

    def _shown(self, queue: str, present: Mapping[str, int]) -> Collection[str]:
        if len(present) <= MOST_NAMESPACES:
            self._chosen.pop(queue, None)
            return present.keys()
        at, chosen = self._chosen.get(queue, (float("-inf"), ()))
        if self._clock() - at >= _CHOICE_SECONDS:
            chosen = nlargest(MOST_NAMESPACES, present, key=present.__getitem__)
            self._chosen[queue] = (self._clock(), chosen)
        return [namespace for namespace in chosen if namespace in present]

    def _serve(self, gauge: Gauge, queue: Queue, values: _Values) -> None:
        """Series for these values of the labels after the queue's, and for no others any more."""
        served = self._served.setdefault(queue.key, {})
        before = served.get(gauge, {})
        for labels in before.keys() - values.keys():
            gauge.remove(queue.namespace, queue.name, *labels)
        for labels, number in values.items():
            # Most are as they were, and there may be thousands of queues.
            if before.get(labels) != number:
                gauge.labels(queue.namespace, queue.name, *labels).set(number)
        served[gauge] = values


def _labelled(values: Mapping[str, float]) -> _Values:
    return {(label,): value for label, value in values.items()}
