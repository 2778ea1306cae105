"""A slot whose scan nobody sees: how long it is held, and that force frees it, and only it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scanyard.lifecycle.decision import Decision
from scanyard.lifecycle.pods.pod import read_pod
from tests.support.objects import NOW, UID, at, open_attempt, raw_pod
from tests.unit.lifecycle.looking import HELD, ONCE, RUNNING, finished, look

RELEASE = {"notes": {"scanyard.dev/release": f"{UID}/1"}}
LOST = {"lost_nodes": frozenset({"node-1"})}


def deleting(deleted_at: float, start: float = -5) -> dict[str, Any]:
    pod = raw_pod(state=RUNNING, startTime=at(start))
    pod["metadata"]["creationTimestamp"] = at(start)
    pod["metadata"]["deletionTimestamp"] = at(deleted_at)
    return pod


def told(decision: Decision) -> tuple[str, str]:
    condition = decision.status.condition("Reconciling")
    return (condition.reason, condition.message) if condition is not None else ("", "")


@pytest.mark.parametrize("wish", [{}, {"cancel": True}, {"suspend": True}])
def test_a_deletion_has_time_until_grace_and_slack_are_over(wish: dict[str, Any]) -> None:
    decision = look(status=open_attempt(), pod=deleting(20), view=LOST, **wish)
    assert decision.place == HELD
    assert decision.look_again_at == NOW + timedelta(seconds=20 + 2)
    decision = look(status=open_attempt(), pod=deleting(-5), view=LOST, **wish)
    assert decision.look_again_at == NOW + timedelta(seconds=-5 + 10)
    assert decision.check_node == ""
    assert told(decision)[0] != "SlotHeldNodeLost"


def test_an_overdue_deletion_asks_for_the_node() -> None:
    decision = look(status=open_attempt(), pod=deleting(-20))
    assert decision.check_node == "node-1"
    assert decision.place == HELD
    assert told(decision)[0] != "SlotHeldNodeLost", "its node is well as far as is known"


@pytest.mark.parametrize("wish", [{}, {"cancel": True}, {"suspend": True}])
def test_on_a_lost_node_it_holds_its_slot_and_says_what_to_do(wish: dict[str, Any]) -> None:
    decision = look(status=open_attempt(), pod=deleting(-20), view=LOST, **wish)
    reason, message = told(decision)
    assert decision.place == HELD
    assert reason == "SlotHeldNodeLost"
    assert "scanyard release --force team/web" in message
    assert at(-5 + 3600 + 60 + 60) in message
    assert decision.look_again_at == NOW + timedelta(seconds=30), "the node may come back"


def test_a_lost_scan_has_ended_when_its_deadline_has_passed() -> None:
    pod = deleting(-20, start=-3600 - 60 - 60)
    decision = look(status=open_attempt(), pod=pod, view=LOST, retry=ONCE)
    assert finished(decision) == ("Failed", "NodeLost")
    assert decision.place is None


def test_one_that_runs_past_its_deadline_asks_for_its_node() -> None:
    """Nobody need delete the Pods of a lost node; its slot must not be held for ever."""
    start = -3600 - 60 - 60
    pod = raw_pod(state=RUNNING, startTime=at(start + 1))
    pod["metadata"]["creationTimestamp"] = at(start)
    decision = look(status=open_attempt(), pod=pod, view=LOST)
    assert (decision.check_node, decision.delete) == ("", None)
    assert decision.look_again_at == NOW + timedelta(seconds=1)

    pod["status"]["startTime"] = at(start)
    assert look(status=open_attempt(), pod=pod).check_node == "node-1"
    decision = look(status=open_attempt(), pod=pod, view=LOST)
    assert decision.delete == read_pod(pod)
    assert decision.place == HELD


def test_a_forced_release_frees_the_slot_of_a_lost_node() -> None:
    decision = look(status=open_attempt(), pod=deleting(-20), view=LOST, queue=RELEASE, retry=ONCE)
    assert finished(decision) == ("Failed", "NodeLost")
    assert decision.place is None
    stopping = look(status=open_attempt(), pod=deleting(-20), view=LOST, queue=RELEASE, cancel=True)
    assert finished(stopping)[0] == "Cancelled"


def test_a_forced_release_frees_the_slot_of_a_vanished_pod() -> None:
    known = {"existed": True, "gone_at": NOW, "last_pod": read_pod(raw_pod(state=RUNNING))}
    held = look(status=open_attempt(), attempt=known)
    assert (held.place, told(held)[0]) == (HELD, "SlotHeldNodeLost")
    assert "scanyard release --force team/web" in told(held)[1]
    decision = look(status=open_attempt(), attempt=known, queue=RELEASE, retry=ONCE)
    assert decision.place is None
    assert finished(decision)[0] == "Failed"


@pytest.mark.parametrize(
    "pod", [raw_pod(state=RUNNING), deleting(20), deleting(-20)], ids=["runs", "stops", "overdue"]
)
def test_no_release_frees_the_slot_of_a_scan_that_its_kubelet_sees(pod: dict[str, Any]) -> None:
    decision = look(status=open_attempt(), pod=pod, queue=RELEASE)
    assert decision.place == HELD
    assert not decision.status.finished


@pytest.mark.parametrize("released", ["other/1", f"{UID}/2", f"{UID}", ""])
def test_a_release_of_another_attempt_frees_nothing(released: str) -> None:
    queue = {"notes": {"scanyard.dev/release": released}}
    assert look(status=open_attempt(), pod=deleting(-20), view=LOST, queue=queue).place == HELD


def test_after_a_takeover_the_pod_was_deleted_now_at_the_latest() -> None:
    """The new leader never saw it; its node is well, so the kubelet has ended it in time."""
    known = {"gone_at": NOW, "node_ready": True, "grace_seconds": 90}
    decision = look(status=open_attempt(startedAt=at(-4)), attempt=known)
    assert decision.look_again_at == NOW + timedelta(seconds=90 + 10)
    cut_off = look(status=open_attempt(startedAt=at(-4)), attempt=known | {"node_ready": False})
    assert cut_off.look_again_at == NOW + timedelta(seconds=3600 + 90 + 60)
