"""A Pod that is not there any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.retry import Cause
from tests.support.objects import (
    NOW,
    at,
    open_attempt,
    raw_pod,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import HELD, ONCE, RUNNING, WISHES, finished, look


def test_missing_pod_is_looked_up_before_anything_is_concluded() -> None:
    decision = look(status=open_attempt(), attempt={"existed": True})
    assert decision.look_up is not None
    assert decision.place == HELD
    assert decision.create is None


def test_started_attempt_is_never_created_again() -> None:
    """After a restart nothing is known but status: startedAt proves that the Pod existed."""
    decision = look(status=open_attempt(startedAt=at(-4)))
    assert decision.create is None
    assert decision.look_up is not None


@pytest.mark.parametrize("wish", WISHES)
def test_what_is_written_of_a_vanished_pod_is_enough_for_another_process(wish: str) -> None:
    """It must not take the attempt for one whose Pod was never made, and run it again."""
    last = read_pod(raw_pod(state={"waiting": {"reason": "ContainerCreating"}}, node="node-1"))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    status = look(status=open_attempt(), attempt=known).status
    decision = look(status=status.raw(), **WISHES[wish])
    assert decision.create is None
    assert decision.tombstone is None
    assert decision.look_up is not None
    assert decision.place == HELD


def test_vanished_pod_that_never_had_a_node_frees_its_slot_at_once() -> None:
    last = read_pod(raw_pod(node=""))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    decision = look(status=open_attempt(), attempt=known, retry=ONCE)
    assert decision.place is None
    assert finished(decision)[0] == "Failed"


@pytest.mark.parametrize(
    ("ready", "disruption", "deleted", "reason", "cause"),
    [
        (True, "", True, "PodDeleted", Cause.RESULT_LOST),
        (True, "", False, "ResultLost", Cause.RESULT_LOST),
        (True, "EvictionByEvictionAPI", True, "Evicted", Cause.EVICTED),
        (True, "PreemptionByScheduler", True, "Preempted", Cause.PREEMPTED),
        (True, "DeletionByPodGC", True, "NodeLost", Cause.NODE_LOST),
        (False, "", True, "NodeLost", Cause.NODE_LOST),
        (False, "DeletionByTaintManager", True, "NodeLost", Cause.NODE_LOST),
    ],
)
def test_vanished_pod_has_the_cause_that_its_node_and_its_last_words_tell(
    *, ready: bool, disruption: str, deleted: bool, reason: str, cause: Cause
) -> None:
    told = [{"type": "DisruptionTarget", "status": "True", "reason": disruption}]
    pod = raw_pod(state=RUNNING, conditions=told if disruption else [])
    if deleted:
        pod["metadata"]["deletionTimestamp"] = at(50)
    known = {
        "existed": True,
        "gone_at": NOW,
        "last_pod": read_pod(pod),
        "node_ready": ready,
    }
    later = {"now": NOW + timedelta(hours=2)}
    decision = look(status=open_attempt(), attempt=known, view=later, retry=ONCE)
    assert finished(decision) == ("Failed", reason)
    assert decision.ended is not None
    assert decision.ended[1].cause is cause


@pytest.mark.parametrize(("ready", "seconds"), [(True, 70), (False, 3600 + 60 + 60 - 5)])
def test_vanished_running_pod_holds_its_slot_until_it_surely_ended(
    ready: bool, seconds: int
) -> None:
    last = read_pod(raw_pod(state=RUNNING))
    known = {"existed": True, "gone_at": NOW, "last_pod": last, "node_ready": ready}
    decision = look(status=open_attempt(), attempt=known)
    assert decision.place == HELD
    assert decision.look_again_at == NOW + timedelta(seconds=seconds)
    reconciling = decision.status.condition("Reconciling")
    assert reconciling is not None
    assert reconciling.reason == "SlotHeldNodeLost"


def test_vanished_pod_whose_end_was_seen_keeps_its_result() -> None:
    last = read_pod(raw_pod(state=terminated(report())))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    decision = look(status=open_attempt(), attempt=known)
    assert finished(decision) == ("Succeeded", "ScanComplete")


@pytest.mark.parametrize("wish", WISHES)
def test_a_deletion_whose_end_nobody_told_is_looked_up(wish: str) -> None:
    """A Pod that was gone before the watch began gives no event."""
    pod = raw_pod(state=RUNNING)
    pod["metadata"]["deletionTimestamp"] = at(0)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert decision.look_up is None
    assert decision.look_again_at == NOW + timedelta(seconds=2)
    pod["metadata"]["deletionTimestamp"] = at(-2)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert decision.look_up is not None
    assert decision.look_again_at == NOW + timedelta(seconds=8)
    assert decision.place == HELD
