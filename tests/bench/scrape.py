"""`python -m tests.bench.scrape [QUEUES]`: one scrape with so many queues, its size and its time.

Each queue has scans of three namespaces that run and wait, has run both scanners, and has seen what
usually happens. A process of its own: what is served is one for each process.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Final

from prometheus_client import generate_latest

from scanyard import metrics
from scanyard.controller.admission.placement import Standing
from scanyard.controller.queue_metrics import QueueMetrics
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.sharing.capacity import packets_key
from tests.support.objects import raw_queue
from tests.unit.controller.yard import Yard

_SCANNERS: Final = ("nmap", "masscan")
_NAMESPACES: Final = 3


def _queue(yard: Yard, number: int) -> None:
    raw = raw_queue(ordering="FairShare", targetWaitSeconds=60)
    raw["metadata"] |= {"name": f"queue-{number}", "uid": f"uid-{number}"}
    yard.context.mirror.queues.put(raw)
    key = f"team/queue-{number}"
    for namespace in range(_NAMESPACES):
        places: list[Waiting | Parked | Holding] = [
            Holding(key, 1),
            Waiting(key),
            Parked(key, packets_key(key)),
            Parked(key, "not-before", None, "NotBefore"),
        ]
        for nth, place in enumerate(places):
            uid = f"{number}-{namespace}-{nth}"
            yard.context.placement.set(uid, Standing(f"team-{namespace}/scan/{uid}", place))


def _past(number: int) -> None:
    of_queue = ("team", f"queue-{number}")
    metrics.expect_queue(*of_queue)
    metrics.WAIT_SECONDS.labels(*of_queue).observe(3)
    for scanner in _SCANNERS:
        metrics.RUN_SECONDS.labels(*of_queue, scanner).observe(30)
        for reason in ("ScanComplete", "TimedOut", "Cancelled", "ScannerError"):
            metrics.ATTEMPTS_ENDED.labels(*of_queue, scanner, reason).inc()
        metrics.RETRIES.labels(*of_queue, scanner, "NodeLost").inc()
        metrics.TIMEOUTS.labels(*of_queue, scanner).inc()
        metrics.START_REFUSALS.labels(*of_queue, scanner, "PodRefused").inc()


def measure(queues: int) -> dict[str, float]:
    """Series and bytes of a scrape, and its CPU time; that of a look at queues as they were."""
    yard = Yard()
    served = QueueMetrics(yard.context)
    for number in range(queues):
        _queue(yard, number)
        _past(number)
    queues_of = yard.context.mirror.queues
    known = [queue for uid in queues_of.uids() if (queue := queues_of.get(uid)) is not None]
    for queue in known:
        served.measure(queue)
    began = time.process_time()
    for queue in known:
        served.measure(queue)
    looked = time.process_time()
    body = generate_latest()
    ended = time.process_time()
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    by_queue = Counter(line.partition('queue="')[2].partition('"')[0] for line in lines)
    del by_queue[""]
    return {
        "series": len(lines),
        "series of a queue": max(by_queue.values()),
        "bytes": len(body),
        "seconds of a look": round(looked - began, 4),
        "seconds of a scrape": round(ended - looked, 4),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
