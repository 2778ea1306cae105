"""What is served of each queue: the reasons and namespaces that there are now, and not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from scanyard.controller import queue_status
from scanyard.controller.admission.placement import Standing
from scanyard.controller.context import Context
from scanyard.controller.queue_metrics import MOST_NAMESPACES, OTHERS, QueueMetrics
from scanyard.controller.queue_status import QueueReporter
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.capacity import packets_key
from tests.support.objects import at, condition, raw_queue
from tests.unit.controller.yard import Yard

LABELS = {"queue_namespace": "team", "queue": "default"}
QUEUE = "team/default"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
def served(yard: Yard, clock: Clock) -> Iterator[QueueMetrics]:
    measured = QueueMetrics(yard.context, clock)
    yield measured
    measured.forget([("team", "default")])


def queue(context: Context, **spec: Any) -> Queue:
    if spec:
        raw = raw_queue(**spec)
        raw["metadata"]["resourceVersion"] = "51"
        context.mirror.queues.put(raw)
    found = context.mirror.queues.named(QUEUE)
    assert found is not None
    return found


def series(name: str) -> dict[str, float]:
    """Of queue team/default: the value of the last label, and of the series."""
    return {
        sample.labels[_last(sample.labels)]: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and sample.labels.items() >= LABELS.items()
    }


def _last(labels: dict[str, str]) -> str:
    (name,) = labels.keys() - LABELS.keys()
    return name


def put(context: Context, namespace: str, number: int, place: Waiting | Parked | Holding) -> None:
    uid = f"{namespace}-{number}"
    context.placement.set(uid, Standing(f"{namespace}/scan/{uid}", place))


def reasons(context: Context, served: QueueMetrics, **spec: Any) -> dict[str, float]:
    served.measure(queue(context, **spec))
    found = series("scanyard_queue_waiting_by_reason")
    assert sum(found.values()) == context.placement.waiting(QUEUE), "each is counted once"
    assert found.keys() <= REASONS.keys()
    return found


async def test_each_of_the_waiting_is_counted_under_its_reason(
    yard: Yard, served: QueueMetrics
) -> None:
    yard.create("alone")
    yard.create("dear", scanner="masscan", masscan={"packetsPerSecond": 500})
    yard.create("early", notBefore=at(600))
    yard.create("second", "alone")
    refused = {
        "observedGeneration": 1,
        "phase": "Queued",
        "refusals": 1,
        "retryAt": at(60),
        "conditions": [condition("Reconciling", "PodRefused")],
    }
    yard.create("refused", status=refused)
    failed = refused | {"conditions": [condition("Reconciling", "RetryBackoff")], "failures": 1}
    yard.create("failed", status=failed)
    await yard.settle()
    yard.context.placement.set(
        "kept", Standing("team/kept/kept", Parked(QUEUE, packets_key(QUEUE)))
    )
    assert reasons(yard.context, served) == {
        "BehindOthers": 2,
        "BudgetExhausted": 1,
        "NotBefore": 1,
        "WaitingForDependency": 1,
        "PodRefused": 1,
        "RetryBackoff": 1,
    }


async def test_who_is_in_the_order_waits_for_what_the_queue_has_not(
    yard: Yard, served: QueueMetrics
) -> None:
    context = yard.context
    for number in range(3):
        put(context, "blue", number, Waiting(QUEUE))
    put(context, "red", 0, Waiting(QUEUE))
    put(context, "red", 1, Holding(QUEUE, 1))
    assert reasons(context, served) == {"BehindOthers": 4}
    limit = {"maxConcurrentPerNamespace": 1}
    assert reasons(context, served, **limit) == {"BehindOthers": 3, "NamespaceLimit": 1}
    put(context, "blue", 0, Holding(QUEUE, 1))
    assert reasons(context, served) == {"NamespaceLimit": 3}


async def test_a_reason_that_nobody_has_any_more_has_no_series(
    yard: Yard, served: QueueMetrics
) -> None:
    put(yard.context, "blue", 0, Waiting(QUEUE))
    assert reasons(yard.context, served) == {"BehindOthers": 1}
    assert reasons(yard.context, served, stopPolicy="Hold") == {"QueueHeld": 1}
    put(yard.context, "blue", 1, Parked(QUEUE, packets_key(QUEUE)))
    assert reasons(yard.context, served) == {"QueueHeld": 2}, "it is told that first"
    yard.context.placement.set("blue-0", None)
    yard.context.placement.set("blue-1", None)
    assert reasons(yard.context, served) == {}


async def test_what_namespaces_have_and_what_would_be_fair(
    yard: Yard, served: QueueMetrics
) -> None:
    context = yard.context
    for number in range(3):
        put(context, "blue", number, Holding(QUEUE, 1))
    put(context, "red", 0, Waiting(QUEUE))
    put(context, "red", 1, Parked(QUEUE, packets_key(QUEUE)))
    put(context, "green", 0, Parked(QUEUE, "not-before", None, "NotBefore"))
    served.measure(queue(context))
    assert series("scanyard_queue_namespace_running") == {"blue": 3, "red": 0}
    assert series("scanyard_queue_namespace_waiting") == {"blue": 0, "red": 2}
    assert series("scanyard_queue_namespace_fair_share") == {}
    weights = {
        "ordering": "FairShare",
        "fairShare": {"weights": [{"namespace": "red", "weight": 3}]},
    }
    served.measure(queue(context, **weights))
    assert series("scanyard_queue_namespace_fair_share") == {"blue": 1, "red": 3}
    for number in range(3):
        context.placement.set(f"blue-{number}", None)
    served.measure(queue(context))
    assert series("scanyard_queue_namespace_running") == {"red": 0}


async def test_the_series_of_a_queue_are_bounded_however_many_namespaces_use_it(
    yard: Yard, served: QueueMetrics, clock: Clock
) -> None:
    context, many = yard.context, 3 * MOST_NAMESPACES
    for number in range(many):
        put(context, f"small-{number}", 0, Waiting(QUEUE))
    put(context, "small-7", 1, Holding(QUEUE, 1))
    served.measure(queue(context, ordering="FairShare"))
    running = series("scanyard_queue_namespace_running")
    waiting = series("scanyard_queue_namespace_waiting")
    assert len(running) == len(waiting) == MOST_NAMESPACES + 1
    assert running["small-7"] == 1, "who has most is among those shown"
    assert waiting[OTHERS] == many - MOST_NAMESPACES
    assert sum(waiting.values()) == many
    assert sum(series("scanyard_queue_namespace_fair_share").values()) == pytest.approx(2)

    for number in range(5):
        put(context, "large", number, Holding(QUEUE, 1))
    served.measure(queue(context))
    running = series("scanyard_queue_namespace_running")
    assert running[OTHERS] == 5, "series do not change with every scan"
    clock.seconds += 60
    served.measure(queue(context))
    running = series("scanyard_queue_namespace_running")
    assert (running["large"], running[OTHERS]) == (5, 0)
    assert len(running) == MOST_NAMESPACES + 1


async def test_nothing_is_left_of_a_queue_that_is_gone(yard: Yard, served: QueueMetrics) -> None:
    put(yard.context, "blue", 0, Waiting(QUEUE))
    served.measure(queue(yard.context))
    served.forget([("team", "default")])
    for family in REGISTRY.collect():
        assert not [s for s in family.samples if s.labels.items() >= LABELS.items()]
    served.measure(queue(yard.context))
    assert series("scanyard_queue_waiting_by_reason") == {"BehindOthers": 1}


async def test_who_waits_in_a_queue_that_is_not_there_is_counted_too(
    yard: Yard, served: QueueMetrics
) -> None:
    put(yard.context, "blue", 0, Waiting("team/mistyped"))
    put(yard.context, "blue", 1, Waiting(QUEUE))
    yard.context.dirty.add("blue-0")
    served.measure_installation()
    assert REGISTRY.get_sample_value("scanyard_waiting_without_queue") == 1
    assert REGISTRY.get_sample_value("scanyard_dirty_keys") == 1


@pytest.mark.usefixtures("served")
async def test_they_are_set_also_while_the_api_server_does_not_answer(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(queue_status, "_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(yard.context.kube, "patch_status", never)
    reporter = QueueReporter(yard.context)
    async with asyncio.timeout(10):
        tasks = [
            asyncio.create_task(reporter.report_for_ever()),
            asyncio.create_task(reporter.measure_for_ever()),
        ]
        for number in range(3):
            put(yard.context, "blue", number, Waiting(QUEUE))
            while REGISTRY.get_sample_value("scanyard_queue_waiting", LABELS) != number + 1:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
