"""The operations between any two standings, and the counts that follow from them."""

from __future__ import annotations

import itertools

import pytest

from scanyard.controller.admission.placement import Placement, Standing, operations
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from scanyard.queueing.operations import (
    Adopt,
    Drop,
    Enqueue,
    Operation,
    Park,
    Release,
    Requeue,
)

MEMBER = "team/web/uid-1"
STANDINGS: list[Standing | None] = [
    None,
    Standing(MEMBER, Waiting("team/a"), 5.0),
    Standing(MEMBER, Waiting("team/a"), 9.0),
    Standing(MEMBER, Waiting("team/b"), 5.0),
    Standing(MEMBER, Parked("team/a", "scope"), 5.0),
    Standing(MEMBER, Holding("team/a", 1)),
    Standing(MEMBER, Holding("team/a", 2)),
]


def run(standing: Standing | None, steps: list[Operation]) -> Standing | None:
    """The ledger's rules in miniature: what the operations make of a standing."""
    for step in steps:
        held = standing is not None and isinstance(standing.place, Holding)
        match step:
            case Enqueue(queue, _, score):
                assert not held, "the ledger refuses to enqueue a holder"
                standing = Standing(MEMBER, Waiting(queue), score)
            case Park(queue, _, blocker, score):
                assert not held, "the ledger refuses to park a holder"
                standing = Standing(MEMBER, Parked(queue, blocker), score)
            case Drop(_):
                assert not held, "the ledger refuses to drop a holder"
                standing = None
            case Adopt(queue, _, attempt):
                assert not held
                standing = Standing(MEMBER, Holding(queue, int(attempt.rpartition("/")[2])))
            case Release(queue, _, attempt):
                assert standing is not None
                assert standing.place == Holding(queue, int(attempt.rpartition("/")[2]))
                standing = None
            case Requeue(queue, _, attempt, score):
                assert standing is not None
                assert standing.place == Holding(queue, int(attempt.rpartition("/")[2]))
                standing = Standing(MEMBER, Waiting(queue), score)
    return standing


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STANDINGS, STANDINGS)))
def test_operations_lead_from_any_standing_to_any_other(
    before: Standing | None, after: Standing | None
) -> None:
    assert run(before, operations(before, after)) == after


def test_nothing_is_sent_when_nothing_changes() -> None:
    for standing in STANDINGS:
        assert operations(standing, standing) == []


def test_counts_follow_the_standings() -> None:
    placement = Placement()
    for standing in STANDINGS:
        placement.set("uid-1", standing)
        waiting = [placement.waiting(queue) for queue in ("team/a", "team/b")]
        held = placement.held("team/a")
        assert sum(waiting) + held == (standing is not None)
        assert placement.held_in_all() == held
    placement.replace({"uid-2": Standing(MEMBER, Waiting("team/b"), 1.0)})
    assert (placement.waiting("team/b"), placement.held_in_all()) == (1, 0)


def test_counts_by_namespace_follow_the_standings() -> None:
    """Whoever waits for something of its own has no part in the queue yet."""
    placement = Placement()
    for standing in STANDINGS:
        placement.set("uid-1", standing)
        place = standing.place if standing is not None else None
        held, takes_part = isinstance(place, Holding), isinstance(place, Holding | Waiting)
        queue = place.queue if place is not None else "team/a"
        assert placement.namespaces.held(queue) == ({"team": 1} if held else {})
        assert placement.namespaces.present(queue) == ({"team": 1} if takes_part else {})
    placement.set("uid-1", Standing(MEMBER, Parked("team/a", "packets/team/a"), 5.0))
    assert placement.namespaces.present("team/a") == {"team": 1}


def test_entering_the_order_is_told_once() -> None:
    placement, told = Placement(), list[str]()
    placement.on_waiting = lambda uid, _: told.append(uid)
    placement.set("uid-1", STANDINGS[1])
    placement.set("uid-1", STANDINGS[2])
    placement.set("uid-1", STANDINGS[5])
    placement.set("uid-1", STANDINGS[1])
    assert told == ["uid-1", "uid-1"]
