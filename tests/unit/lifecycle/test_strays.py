"""A Pod that scans without an open attempt is ended; nothing begins before it has stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.pods.held_slot import of_vanished_pod
from scanyard.lifecycle.pods.pod import PodState, read_pod
from tests.support.objects import NOW, UID, at, open_attempt, raw_pod, report, terminated
from tests.unit.lifecycle.looking import RUNNING, look

RELEASE = {"notes": {"scanyard.dev/release": f"other/1, {UID}/1"}}


def stray(
    *, attempt: int = 1, deleted_at: float | None = None, start: float = -5, **status: Any
) -> PodState:
    pod = raw_pod(state=RUNNING, attempt=attempt, startTime=at(start), **status)
    pod["metadata"]["creationTimestamp"] = at(start)
    if deleted_at is not None:
        pod["metadata"]["deletionTimestamp"] = at(deleted_at)
    return read_pod(pod)


def closed_attempt() -> dict[str, Any]:
    """Waits again after its first Pod was refused."""
    return open_attempt(endedAt=at(-3), reason="PodRefused") | {"phase": "Queued"}


#: Every state of a ScanJob beside a stray Pod of attempt 1, and the slot that it then holds.
STATES: dict[str, tuple[dict[str, Any], int]] = {
    "waiting": ({"status": closed_attempt()}, 1),
    "parked": ({"status": closed_attempt() | {"retryAt": at(60)}}, 1),
    "suspended": ({"status": closed_attempt(), "suspend": True}, 1),
    "finished": ({"status": closed_attempt(), "cancel": True}, 1),
    "admitted again": ({"status": open_attempt(2)}, 2),
    "runs again": ({"status": open_attempt(2), "pod": raw_pod(state=RUNNING, attempt=2)}, 2),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("deleted_at", [None, 55.0])
def test_it_is_ended_once_and_holds_a_slot(state: str, deleted_at: float | None) -> None:
    case, number = STATES[state]
    decision = look(view={"stray": (stray(deleted_at=deleted_at),)}, **case)
    assert decision.place == Holding("team/default", number)
    assert decision.create is None
    assert len(decision.delete_stray) == (deleted_at is None)
    if deleted_at is not None:
        assert decision.look_again_at is not None


def test_the_waiting_are_told_and_told_again_when_it_has_stopped() -> None:
    told = look(status=closed_attempt(), view={"stray": (stray(),)})
    waits = told.status.condition("Reconciling")
    assert waits is not None
    assert waits.reason == "EarlierPodRunning"
    assert stray().name in waits.message
    after = look(status=told.status.raw()).status.condition("Reconciling")
    assert after is not None
    assert after.reason == "QueueFull"


def test_of_several_the_first_holds_the_slot() -> None:
    view = {"stray": (stray(), stray(attempt=2))}
    decision = look(status=open_attempt(3, endedAt=at(-3), reason="PodRefused"), view=view)
    assert decision.place == Holding("team/default", 1)
    assert len(decision.delete_stray) == 2


@pytest.mark.parametrize(
    ("deleted_at", "start", "lost", "queue", "holds"),
    [
        (55, -5, True, {}, True),  # its kubelet has time left
        (55, -5, True, RELEASE, True),
        (-20, -5, False, {}, True),  # overdue, but its node is well
        (-20, -5, False, RELEASE, True),
        (-20, -5, True, {}, True),  # cut off, and it may scan until its deadline
        (-20, -5, True, RELEASE, False),
        (-20, -3600 - 60 - 60, True, {}, False),  # which has passed
    ],
)
def test_on_a_lost_node_it_holds_until_its_deadline_or_its_release(
    deleted_at: float, start: float, lost: bool, queue: dict[str, Any], holds: bool
) -> None:
    view = {
        "stray": (stray(deleted_at=deleted_at, start=start),),
        "lost_nodes": frozenset({"node-1"} if lost else ()),
    }
    decision = look(status=closed_attempt(), queue=queue, view=view)
    assert decision.place == (Holding("team/default", 1) if holds else Waiting("team/default"))
    if holds and deleted_at < 0:
        assert decision.check_node == "node-1"
        assert decision.look_again_at == NOW + timedelta(seconds=30)


def test_one_that_went_away_unread_holds_its_slot_for_its_time() -> None:
    until = NOW + timedelta(seconds=40)
    gone = replace(of_vanished_pod(stray(), NOW, node_ready=True), until=until)
    decision = look(status=closed_attempt(), view={"stray_gone": gone})
    assert decision.place == Holding("team/default", 1)
    assert decision.look_again_at == until
    assert decision.delete_stray == ()


def test_a_release_does_not_spare_one_that_nobody_deleted() -> None:
    view = {"stray": (stray(),), "lost_nodes": frozenset({"node-1"})}
    decision = look(status=closed_attempt(), queue=RELEASE, view=view)
    assert decision.delete_stray
    assert decision.place == Holding("team/default", 1)


def test_a_result_is_read_beside_a_stray() -> None:
    view = {"stray": (stray(),)}
    done = raw_pod(state=terminated(report()), attempt=2)
    decision = look(status=open_attempt(2), pod=done, view=view)
    assert decision.status.phase == "Succeeded"
    assert decision.place == Holding("team/default", 1)
