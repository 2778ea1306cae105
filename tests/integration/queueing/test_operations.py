"""What each operation answers and where it leaves the job, in a real Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import (
    Adopt,
    Drop,
    Enqueue,
    Operation,
    OpResult,
    Park,
    Release,
    Requeue,
    Take,
)
from tests.integration.queueing.helpers import ATTEMPT, JOB, OTHER, Q, state_of
from tests.support.redis_server import RedisServer

NEXT = "uid-1/0/2"

ENQUEUE = Enqueue(Q, JOB, 5.0)
TAKE = Take(Q, JOB, ATTEMPT, queue_limit=1)
PARK = Park(Q, JOB, "time", 5.0)


@dataclass(frozen=True)
class Case:
    """One operation after some others: its result and the place of JOB then."""

    name: str
    before: tuple[Operation, ...]
    operation: Operation
    result: OpResult
    place: tuple[Any, ...] | None


NOWHERE = None
WAITS = ("waiting", Q, 5.0)
PARKED = ("parked", Q, "time", 5.0)
HOLDS = ("holding", Q, ATTEMPT)

CASES = [
    Case("enqueue a new job", (), ENQUEUE, OpResult.QUEUED, WAITS),
    Case("enqueue again", (ENQUEUE,), ENQUEUE, OpResult.QUEUED, WAITS),
    Case(
        "enqueue with another score",
        (ENQUEUE,),
        Enqueue(Q, JOB, -7.5),
        OpResult.QUEUED,
        ("waiting", Q, -7.5),
    ),
    Case(
        "enqueue in another queue",
        (ENQUEUE,),
        Enqueue(OTHER, JOB, 5.0),
        OpResult.QUEUED,
        ("waiting", OTHER, 5.0),
    ),
    Case("enqueue a parked job", (PARK,), ENQUEUE, OpResult.QUEUED, WAITS),
    Case("enqueue a holding job", (ENQUEUE, TAKE), ENQUEUE, OpResult.HOLDING, HOLDS),
    Case("park a new job", (), PARK, OpResult.PARKED, PARKED),
    Case("park again", (PARK,), PARK, OpResult.PARKED, PARKED),
    Case("park a waiting job", (ENQUEUE,), PARK, OpResult.PARKED, PARKED),
    Case(
        "park under another blocker",
        (PARK,),
        Park(Q, JOB, "target/192.0.2.0/24", 6.0),
        OpResult.PARKED,
        ("parked", Q, "target/192.0.2.0/24", 6.0),
    ),
    Case(
        "park in another queue",
        (PARK,),
        Park(OTHER, JOB, "time", 5.0),
        OpResult.PARKED,
        ("parked", OTHER, "time", 5.0),
    ),
    Case("park a holding job", (ENQUEUE, TAKE), PARK, OpResult.HOLDING, HOLDS),
    Case("drop a waiting job", (ENQUEUE,), Drop(JOB), OpResult.DROPPED, NOWHERE),
    Case("drop a parked job", (PARK,), Drop(JOB), OpResult.DROPPED, NOWHERE),
    Case("drop an unknown job", (), Drop(JOB), OpResult.ABSENT, NOWHERE),
    Case("drop a holding job", (ENQUEUE, TAKE), Drop(JOB), OpResult.HOLDING, HOLDS),
    Case("take for a waiting job", (ENQUEUE,), TAKE, OpResult.TAKEN, HOLDS),
    Case("take again", (ENQUEUE, TAKE), TAKE, OpResult.TAKEN, HOLDS),
    Case(
        "take again under a lowered limit",
        (ENQUEUE, TAKE),
        Take(Q, JOB, ATTEMPT, queue_limit=0),
        OpResult.TAKEN,
        HOLDS,
    ),
    Case("take for an unknown job", (), TAKE, OpResult.NOT_WAITING, NOWHERE),
    Case("take for a parked job", (PARK,), TAKE, OpResult.NOT_WAITING, PARKED),
    Case(
        "take for a job of another queue",
        (ENQUEUE,),
        Take(OTHER, JOB, ATTEMPT, queue_limit=1),
        OpResult.NOT_WAITING,
        WAITS,
    ),
    Case(
        "take for another attempt of a holder",
        (ENQUEUE, TAKE),
        Take(Q, JOB, NEXT, queue_limit=9),
        OpResult.NOT_WAITING,
        HOLDS,
    ),
    Case(
        "take with a limit of 0",
        (ENQUEUE,),
        Take(Q, JOB, ATTEMPT, queue_limit=0),
        OpResult.FULL,
        WAITS,
    ),
    Case(
        "take in a full queue",
        (ENQUEUE, Adopt(Q, "team/b/2", "2/0/1")),
        TAKE,
        OpResult.FULL,
        WAITS,
    ),
    Case(
        "take where others fill the installation",
        (ENQUEUE, Adopt(OTHER, "team/b/2", "2/0/1")),
        Take(Q, JOB, ATTEMPT, queue_limit=1, installation_limit=1),
        OpResult.INSTALLATION_FULL,
        WAITS,
    ),
    Case(
        "take where the installation has room",
        (ENQUEUE, Adopt(OTHER, "team/b/2", "2/0/1")),
        Take(Q, JOB, ATTEMPT, queue_limit=1, installation_limit=2),
        OpResult.TAKEN,
        HOLDS,
    ),
    Case(
        "take where its namespace has what it may",
        (ENQUEUE, Adopt(Q, "team/b/2", "2/0/1")),
        Take(Q, JOB, ATTEMPT, queue_limit=9, namespace_limit=1),
        OpResult.NAMESPACE_FULL,
        WAITS,
    ),
    Case(
        "take where other namespaces, and other queues, have as much",
        (ENQUEUE, Adopt(Q, "ops/b/2", "2/0/1"), Adopt(OTHER, "team/b/3", "3/0/1")),
        Take(Q, JOB, ATTEMPT, queue_limit=9, namespace_limit=1),
        OpResult.TAKEN,
        HOLDS,
    ),
    Case(
        "take after another of its namespace has ended",
        (ENQUEUE, Adopt(Q, "team/b/2", "2/0/1"), Release(Q, "team/b/2", "2/0/1")),
        Take(Q, JOB, ATTEMPT, queue_limit=9, namespace_limit=1),
        OpResult.TAKEN,
        HOLDS,
    ),
    Case("adopt an unknown job", (), Adopt(Q, JOB, ATTEMPT), OpResult.ADOPTED, HOLDS),
    Case("adopt a waiting job", (ENQUEUE,), Adopt(Q, JOB, ATTEMPT), OpResult.ADOPTED, HOLDS),
    Case("adopt a parked job", (PARK,), Adopt(Q, JOB, ATTEMPT), OpResult.ADOPTED, HOLDS),
    Case("adopt a holder", (ENQUEUE, TAKE), Adopt(Q, JOB, ATTEMPT), OpResult.ADOPTED, HOLDS),
    Case(
        "adopt another attempt of a holder",
        (ENQUEUE, TAKE),
        Adopt(Q, JOB, NEXT),
        OpResult.HOLDING,
        HOLDS,
    ),
    Case(
        "adopt a holder in another queue",
        (ENQUEUE, TAKE),
        Adopt(OTHER, JOB, ATTEMPT),
        OpResult.HOLDING,
        HOLDS,
    ),
    Case(
        "adopt over the limit",
        (Adopt(Q, "team/b/2", "2/0/1"), ENQUEUE),
        Adopt(Q, JOB, ATTEMPT),
        OpResult.ADOPTED,
        HOLDS,
    ),
    Case("release", (ENQUEUE, TAKE), Release(Q, JOB, ATTEMPT), OpResult.RELEASED, NOWHERE),
    Case(
        "release twice",
        (ENQUEUE, TAKE, Release(Q, JOB, ATTEMPT)),
        Release(Q, JOB, ATTEMPT),
        OpResult.NOT_HELD,
        NOWHERE,
    ),
    Case(
        "release another attempt",
        (ENQUEUE, TAKE),
        Release(Q, JOB, NEXT),
        OpResult.NOT_HELD,
        HOLDS,
    ),
    Case(
        "release in another queue",
        (ENQUEUE, TAKE),
        Release(OTHER, JOB, ATTEMPT),
        OpResult.NOT_HELD,
        HOLDS,
    ),
    Case("release a waiting job", (ENQUEUE,), Release(Q, JOB, ATTEMPT), OpResult.NOT_HELD, WAITS),
    Case("requeue", (ENQUEUE, TAKE), Requeue(Q, JOB, ATTEMPT, 5.0), OpResult.REQUEUED, WAITS),
    Case(
        "requeue twice",
        (ENQUEUE, TAKE, Requeue(Q, JOB, ATTEMPT, 5.0)),
        Requeue(Q, JOB, ATTEMPT, 9.0),
        OpResult.NOT_HELD,
        WAITS,
    ),
    Case(
        "requeue another attempt",
        (ENQUEUE, TAKE),
        Requeue(Q, JOB, NEXT, 5.0),
        OpResult.NOT_HELD,
        HOLDS,
    ),
    Case("requeue an unknown job", (), Requeue(Q, JOB, ATTEMPT, 5.0), OpResult.NOT_HELD, NOWHERE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_operation(case: Case, ledger: Ledger, shared_redis: RedisServer) -> None:
    if case.before:
        await ledger.apply(case.before)
    assert await ledger.apply([case.operation]) == [case.result]
    assert place_of_job(shared_redis) == case.place


def place_of_job(server: RedisServer) -> tuple[Any, ...] | None:
    state = state_of(server)
    waiting = [("waiting", q, score) for (q, j), score in state.waiting.items() if j == JOB]
    parked = [("parked", q, b, score) for (q, j, b), score in state.parked.items() if j == JOB]
    holding = [("holding", q, attempt) for (q, j), attempt in state.holding.items() if j == JOB]
    places = [*waiting, *parked, *holding]
    return places[0] if places else None
