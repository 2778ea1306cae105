"""What an ended Pod makes of its ScanJob."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.lifecycle.retry import Cause
from tests.support.objects import (
    at,
    open_attempt,
    raw_pod,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import ONCE, WISHES, finished, look


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("reason", ["", "DeadlineExceeded"])
def test_complete_result_wins_over_everything(wish: str, reason: str) -> None:
    pod = raw_pod(state=terminated(report()), phase="Failed", reason=reason)
    decision = look(status=open_attempt(), pod=pod, **WISHES[wish])
    assert finished(decision) == ("Succeeded", "ScanComplete")
    assert decision.place is None
    assert decision.status.summary is not None
    assert decision.status.summary["openPorts"] == 1


def test_timeout_keeps_the_findings_so_far() -> None:
    pod = raw_pod(
        state=terminated(report(complete=False, reason="Interrupted"), exit_code=130),
        phase="Failed",
        reason="DeadlineExceeded",
    )
    decision = look(status=open_attempt(), pod=pod)
    assert finished(decision) == ("TimedOut", "TimedOut")
    assert decision.status.summary is not None
    assert decision.status.summary["openPorts"] == 1


def test_cancel_wins_over_timeout() -> None:
    pod = raw_pod(
        state=terminated(report(complete=False), exit_code=130), reason="DeadlineExceeded"
    )
    decision = look(status=open_attempt(), pod=pod, cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")


_PARTIAL = report(complete=False, reason="Interrupted")


def _disrupted(reason: str, status: str = "True") -> dict[str, Any]:
    condition = {"type": "DisruptionTarget", "status": status, "reason": reason, "message": "why"}
    return {"conditions": [condition]}


@pytest.mark.parametrize(
    ("state", "status", "reason", "cause"),
    [
        (terminated(None, exit_code=137), {}, "ResultLost", Cause.RESULT_LOST),
        (
            terminated(None, exit_code=137, reason="OOMKilled"),
            {},
            "OutOfMemory",
            Cause.SCANNER_ERROR,
        ),
        (
            terminated(report(complete=False, reason="ScannerError"), exit_code=1),
            {},
            "ScannerError",
            Cause.SCANNER_ERROR,
        ),
        (
            terminated(report(complete=False, reason="TargetsMissing"), exit_code=65),
            {},
            "TargetsMissing",
            Cause.SCANNER_ERROR,
        ),
        (terminated(_PARTIAL, exit_code=130), {}, "Interrupted", Cause.RESULT_LOST),
        (
            terminated(report(complete=False, reason="Killed"), exit_code=255, reason="Unknown"),
            {},
            "Killed",
            Cause.RESULT_LOST,
        ),
        (
            terminated(_PARTIAL, exit_code=130),
            {"reason": "DeadlineExceeded"},
            "TimedOut",
            Cause.TIMEOUT,
        ),
        (terminated(_PARTIAL, exit_code=137), {"reason": "Evicted"}, "Evicted", Cause.EVICTED),
        (
            terminated(_PARTIAL, exit_code=137),
            {"reason": "Preempting"},
            "Preempting",
            Cause.PREEMPTED,
        ),
        (terminated(_PARTIAL), _disrupted("PreemptionByScheduler"), "Preempted", Cause.PREEMPTED),
        (terminated(_PARTIAL), _disrupted("EvictionByEvictionAPI"), "Evicted", Cause.EVICTED),
        (terminated(_PARTIAL), _disrupted("DeletionByTaintManager"), "Evicted", Cause.EVICTED),
        (terminated(_PARTIAL), _disrupted("TerminationByKubelet"), "Evicted", Cause.EVICTED),
        (terminated(_PARTIAL), _disrupted("DeletionByPodGC"), "NodeLost", Cause.NODE_LOST),
        # An eviction that was called off.
        (
            terminated(_PARTIAL),
            _disrupted("EvictionByEvictionAPI", "False"),
            "Interrupted",
            Cause.RESULT_LOST,
        ),
        (
            {"waiting": {"reason": "ImagePullBackOff"}},
            {"phase": "Failed"},
            "ImagePull",
            Cause.IMAGE_PULL,
        ),
        (None, {"phase": "Failed", "reason": "OutOfcpu"}, "OutOfcpu", Cause.START_DEADLINE),
        (
            None,
            {"phase": "Failed", "reason": "DeadlineExceeded"},
            "StartFailed",
            Cause.START_DEADLINE,
        ),
        (
            terminated(None, exit_code=128, reason="StartError", startedAt=None),
            {},
            "StartFailed",
            Cause.START_DEADLINE,
        ),
        (
            terminated(None, reason="ContainerStatusUnknown", startedAt=None),
            _disrupted("PreemptionByScheduler"),
            "Preempted",
            Cause.PREEMPTED,
        ),
    ],
)
def test_failures_name_their_reason_and_have_a_cause(
    state: dict[str, Any] | None, status: dict[str, Any], reason: str, cause: Cause
) -> None:
    decision = look(status=open_attempt(), pod=raw_pod(state=state, **status), retry=ONCE)
    assert decision.place is None
    assert finished(decision)[1] == reason
    assert decision.ended is not None
    assert decision.ended[1].cause is cause


def test_a_containers_own_word_is_no_reason() -> None:
    state = terminated(report(complete=False, reason="SeriesOfItsOwn1"), exit_code=1)
    decision = look(status=open_attempt(), pod=raw_pod(state=state), retry=ONCE)
    assert finished(decision) == ("Failed", "ScannerError")


def test_hostile_termination_message_is_a_lost_result() -> None:
    state = terminated(None)
    state["terminated"]["message"] = '{"version": 1, "complete": true, "hosts": 7'
    decision = look(status=open_attempt(), pod=raw_pod(state=state), retry=ONCE)
    assert finished(decision) == ("Failed", "ResultLost")


@pytest.mark.parametrize(
    "state",
    [
        terminated(_PARTIAL, exit_code=130),
        # What the kubelet writes of a container that it never made.
        terminated(None, reason="ContainerStatusUnknown", startedAt=None),
    ],
)
def test_pod_deleted_by_hand_says_so(state: dict[str, Any]) -> None:
    pod = raw_pod(state=state)
    pod["metadata"]["deletionTimestamp"] = at(50)
    decision = look(status=open_attempt(), pod=pod, retry=ONCE)
    assert finished(decision) == ("Failed", "PodDeleted")
    assert decision.ended is not None
    assert decision.ended[1].cause is Cause.RESULT_LOST


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_deleted_pod_is_never_a_success(phase: str) -> None:
    """Whatever its phase says: only the scanner's own report does."""
    pod = raw_pod(state=terminated(None, exit_code=0), phase=phase)
    pod["metadata"]["deletionTimestamp"] = at(50)
    assert finished(look(status=open_attempt(), pod=pod, retry=ONCE)) == ("Failed", "PodDeleted")


def test_deadline_exceeded_ends_the_scan() -> None:
    """Also where the container was stopped before it could report, or never started."""
    for state in (terminated(None, exit_code=137), None):
        pod = raw_pod(state=state, phase="Failed", reason="DeadlineExceeded")
        decision = look(status=open_attempt(), pod=pod, retry=ONCE)
        assert finished(decision)[0] in {"TimedOut", "Failed"}
        assert decision.place is None
