"""An attempt whose container does not start is given up in the end, and says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scanyard.lifecycle.decision import Decision, Waiting
from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.retry import Cause
from tests.support.objects import NOW, at, open_attempt, raw_pod, report, terminated
from tests.unit.lifecycle.looking import HELD, ONCE, RUNNING, finished, look, told

UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes are available",
        }
    ],
}
NO_IMAGE = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
UNSTARTABLE = {"waiting": {"reason": "RunContainerError", "message": "exec format error"}}


def pending(state: dict[str, Any] | None, **status: Any) -> dict[str, Any]:
    """A Pod of 5 s of age that has not started."""
    return raw_pod(state=state, node="node-1" if state else "", **({"phase": "Pending"} | status))


def late(pod: dict[str, Any], status: dict[str, Any] | None = None, **spec: Any) -> Decision:
    """Decide when the start deadline has just passed."""
    spec = {"startDeadlineSeconds": 5} | spec
    return look(status=status or open_attempt(), pod=pod, **spec)


@pytest.mark.parametrize(
    ("pod", "reason", "words"),
    [
        (pending(None, **UNSCHEDULABLE), "StartDeadline", "0/1 nodes are available"),
        (pending(NO_IMAGE), "ImagePull", "Back-off pulling image"),
        (pending(CREATING), "StartDeadline", "startDeadlineSeconds (5 s)"),
        (pending(UNSTARTABLE), "StartDeadline", "exec format error"),
        (pending(None), "StartDeadline", "startDeadlineSeconds (5 s)"),
    ],
    ids=["unschedulable", "no image", "creating", "unstartable", "nothing known"],
)
def test_a_container_that_does_not_start_is_stopped_and_says_why(
    pod: dict[str, Any], reason: str, words: str
) -> None:
    decision = late(pod)
    assert decision.delete is not None
    assert decision.place == HELD, "its slot is free when it has surely ended"
    assert told(decision)[0] == reason
    assert words in told(decision)[1]
    assert decision.status.phase == "Starting"


def test_before_the_deadline_it_is_let_be_and_looked_at_again_in_time() -> None:
    for pod in (pending(CREATING), pending(NO_IMAGE)):
        decision = look(status=open_attempt(), pod=pod, startDeadlineSeconds=20)
        assert decision.delete is None
        assert decision.look_again_at == NOW + timedelta(seconds=15)


def test_a_pod_that_was_created_late_has_its_full_time() -> None:
    """An API server that was away between admission and Pod is not the Pod's fault."""
    decision = late(pending(CREATING), open_attempt(admittedAt=at(-900)), startDeadlineSeconds=6)
    assert decision.delete is None


def test_a_pod_that_was_given_its_node_late_has_its_full_time_there() -> None:
    """What the node needs to start a container is not taken from the wait for the node."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(-1)}
    decision = late(pending(CREATING, conditions=[scheduled]))
    assert decision.delete is None
    assert decision.look_again_at == NOW + timedelta(seconds=4)


def test_a_scan_that_runs_is_never_late() -> None:
    decision = late(raw_pod(state=RUNNING))
    assert decision.delete is None
    assert decision.status.phase == "Running"


@pytest.mark.parametrize(
    ("state", "reason", "cause"),
    [
        (NO_IMAGE, "ImagePull", Cause.IMAGE_PULL),
        (CREATING, "StartDeadline", Cause.START_DEADLINE),
    ],
)
@pytest.mark.parametrize("left", ["unknown container", "vanished"])
def test_it_ends_with_what_kept_it_from_starting(
    state: dict[str, Any], reason: str, cause: Cause, left: str
) -> None:
    """The Pod's own last words are those of its deletion, which was ours."""
    status = late(pending(state), retry=ONCE).status.raw()
    gone = pending(terminated(None, reason="ContainerStatusUnknown", startedAt=None))
    gone["metadata"]["deletionTimestamp"] = at(0)
    if left == "vanished":
        last = pending(state)
        last["spec"]["nodeName"] = ""
        known = {"existed": True, "gone_at": NOW, "last_pod": read_pod(last)}
        decision = look(status=status, attempt=known, retry=ONCE)
    else:
        decision = late(gone, status, retry=ONCE)
    assert finished(decision) == ("Failed", reason)
    assert decision.status.attempts[-1].reason == reason
    assert decision.ended is not None
    assert decision.ended[1].cause is cause


def test_it_is_tried_again_by_default() -> None:
    status = late(pending(NO_IMAGE)).status.raw()
    gone = pending(terminated(None, reason="ContainerStatusUnknown", startedAt=None))
    decision = late(gone, status)
    assert decision.retried
    assert "ImagePull" in told(decision)[1]


def test_what_started_at_the_last_moment_may_run_on() -> None:
    """Its Pod could not be deleted in time: then it is no failure any more."""
    status = late(pending(CREATING)).status.raw()
    decision = late(raw_pod(state=RUNNING), status)
    assert decision.delete is None
    assert decision.status.attempts[-1].reason == ""
    assert decision.status.phase == "Running"


def test_a_complete_result_of_a_scan_that_was_given_up_counts() -> None:
    status = late(pending(CREATING)).status.raw()
    assert finished(late(raw_pod(state=terminated(report())), status))[0] == "Succeeded"


@pytest.mark.parametrize("wish", [{"cancel": True}, {"suspend": True}])
def test_wishes_win_over_the_start_deadline(wish: dict[str, bool]) -> None:
    status = late(pending(CREATING)).status.raw()
    gone = pending(terminated(None, reason="ContainerStatusUnknown", startedAt=None))
    decision = late(gone, status, **wish)
    assert decision.status.phase in {"Cancelled", "Suspended"}
    assert decision.status.failures == 0


#: No node of its queue is free.
PER_NODE: dict[str, Any] = {"maxConcurrentPerNode": 1}


def test_without_a_free_node_it_is_put_back_in_a_queue_with_a_limit_per_node() -> None:
    decision = late(pending(None, **UNSCHEDULABLE), queue=PER_NODE)
    assert decision.delete is not None
    assert decision.place == HELD
    assert told(decision)[0] == "NoNodeFree"
    status = decision.status.raw()
    last = read_pod(pending(None, **UNSCHEDULABLE))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    back = look(status=status, attempt=known, queue=PER_NODE, retry=ONCE)
    assert back.place == Waiting("team/default")
    assert back.ended is None
    assert back.status.failures == 0
    assert back.status.open_attempt is None
    assert back.status.attempts[-1].reason == "NoNodeFree"
    _, message = told(back)
    assert "waits in its queue again: no node takes its Pod: 0/1 nodes" in message


@pytest.mark.parametrize("pod", [pending(CREATING), pending(None)], ids=["creating", "unknown"])
def test_another_cause_counts_as_ever(pod: dict[str, Any]) -> None:
    assert told(late(pod, queue=PER_NODE))[0] == "StartDeadline"


def test_a_result_of_one_that_found_its_node_after_all_counts() -> None:
    status = late(pending(None, **UNSCHEDULABLE), queue=PER_NODE).status.raw()
    done = raw_pod(state=terminated(report()))
    assert finished(late(done, status, queue=PER_NODE))[0] == "Succeeded"


@pytest.mark.parametrize("wish", [{"cancel": True}, {"suspend": True}])
def test_wishes_win_over_the_way_back(wish: dict[str, Any]) -> None:
    status = late(pending(None, **UNSCHEDULABLE), queue=PER_NODE).status.raw()
    last = read_pod(pending(None, **UNSCHEDULABLE))
    known = {"existed": True, "gone_at": NOW, "last_pod": last}
    decision = look(status=status, attempt=known, queue=PER_NODE, **wish)
    assert decision.status.phase in {"Cancelled", "Suspended"}
