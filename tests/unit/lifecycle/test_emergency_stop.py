"""An emergency stop ends scans, fails none of them, and lets none begin while it is in force."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.conditions import queue_conditions
from scanyard.lifecycle.decision import Decision, Waiting
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.pods.pod import read_pod
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import (
    NOW,
    at,
    open_attempt,
    raw_job,
    raw_pod,
    raw_queue,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import HELD, ONCE, RUNNING, finished, look

STOPPED = {"notes": {"scanyard.dev/stop": "2026-03-01T11:59:50Z"}}
PARTIAL = terminated(report(complete=False), exit_code=130)


def deleted(state: dict[str, Any] | None, node: str = "node-1", **status: Any) -> dict[str, Any]:
    pod = raw_pod(state=state, node=node, **status)
    pod["metadata"]["deletionTimestamp"] = at(50)
    return pod


def gone(pod: dict[str, Any]) -> dict[str, Any]:
    """What is known of a Pod that was seen last like this, and is surely not there any more."""
    return {"existed": True, "gone_at": NOW, "last_pod": read_pod(pod)}


#: Each way in which a Pod that somebody deleted ends before its scan was complete.
ENDS: dict[str, dict[str, Any]] = {
    "terminated": {"pod": deleted(PARTIAL)},
    "terminated without a report": {"pod": deleted(terminated(None, exit_code=137))},
    "never started": {"pod": deleted(None, phase="Failed")},
    "gone, its end was seen": {"attempt": gone(deleted(PARTIAL))},
    "gone without a node": {"attempt": gone(raw_pod(node=""))},
}


def back_in_line(decision: Decision) -> bool:
    attempt = decision.status.attempts[-1]
    return (
        decision.place == Waiting("team/default")
        and not decision.status.finished
        and attempt.ended_at is not None
        and attempt.reason == "EmergencyStop"
        and decision.status.queued_at is None  # creation stays its place in the order
    )


@pytest.mark.parametrize("value", ["2026-03-01T11:59:50Z", ""])
def test_it_ends_what_runs(value: str) -> None:
    decision = look(
        status=open_attempt(),
        pod=raw_pod(state=RUNNING),
        queue={"notes": {"scanyard.dev/stop": value}},
    )
    told = decision.status.condition("Reconciling")
    assert decision.delete is not None
    assert decision.place == HELD
    assert told is not None
    assert told.reason == "EmergencyStop"


@pytest.mark.parametrize("end", ENDS)
def test_what_it_ended_waits_again_in_its_old_place(end: str) -> None:
    assert back_in_line(look(status=open_attempt(), queue=STOPPED, **ENDS[end]))


def test_an_admission_without_a_pod_is_taken_back() -> None:
    assert look(status=open_attempt(), queue=STOPPED).create is None
    inherited = look(status=open_attempt(), queue=STOPPED, attempt={"create_uncertain": True})
    assert inherited.tombstone is not None


def test_a_complete_result_counts() -> None:
    decision = look(status=open_attempt(), queue=STOPPED, pod=deleted(terminated(report())))
    assert finished(decision) == ("Succeeded", "ScanComplete")


def test_cancel_outranks_it() -> None:
    decision = look(status=open_attempt(), queue=STOPPED, pod=deleted(PARTIAL), cancel=True)
    assert finished(decision) == ("Cancelled", "Cancelled")


@pytest.mark.parametrize("end", ENDS)
def test_nobodys_deletion_is_a_failure_before_the_queue_was_read(end: str) -> None:
    """The Pods' events may come before the queue's."""
    known = {"queue_read": False, **ENDS[end].get("attempt", {})}
    unread = look(status=open_attempt(), **ENDS[end] | {"attempt": known})
    assert unread.read_queue is not None
    assert unread.place == HELD
    assert not unread.status.finished
    assert finished(look(status=open_attempt(), retry=ONCE, **ENDS[end]))[0] == "Failed"


@pytest.mark.parametrize("pod", [raw_pod(state=PARTIAL), deleted(terminated(report()))])
def test_an_end_of_its_own_costs_no_read(pod: dict[str, Any]) -> None:
    decision = look(status=open_attempt(), pod=pod, attempt={"queue_read": False})
    assert decision.read_queue is None
    assert decision.status.finished


@pytest.mark.parametrize("restarted", [False, True])
def test_lifted_while_it_stops(restarted: bool) -> None:
    first = look(status=open_attempt(), pod=raw_pod(state=RUNNING), queue=STOPPED)
    known = {"existed": True, "gone_at": NOW, "last_pod": None, "node_ready": True}
    end = {"attempt": known} if restarted else {"pod": deleted(PARTIAL)}
    if restarted:
        known["gone_at"] = NOW.replace(hour=11)
    assert back_in_line(look(status=first.status.raw(), **end))


@pytest.mark.parametrize("end", ENDS)
def test_stopped_and_lifted_while_no_operator_was_there(end: str) -> None:
    lifted = {"notes": {"scanyard.dev/stop-lifted": at(-1)}}
    assert back_in_line(look(status=open_attempt(), queue=lifted, **ENDS[end]))
    long_ago = {"notes": {"scanyard.dev/stop-lifted": at(-60)}}
    later = look(status=open_attempt(), queue=long_ago, retry=ONCE, **ENDS[end])
    assert later.status.finished, "admitted after it was lifted: somebody else deleted its Pod"


def test_nothing_is_admitted_until_it_is_lifted() -> None:
    job = read_job(raw_job())
    assert admit(job, read_queue(raw_queue(**STOPPED)), fence=7, now=NOW) is None
    assert admit(job, read_queue(raw_queue()), fence=7, now=NOW) is not None


@pytest.mark.parametrize(
    ("queue", "ledger_trouble", "state"),
    [
        ({}, "", "Admitting"),
        ({"stopPolicy": "Hold"}, "", "Held"),
        ({"stopPolicy": "HoldAndDrain"}, "", "Draining"),
        ({"stopPolicy": "Hold"} | STOPPED, "", "EmergencyStop"),
        ({}, "Redis does not answer", "LedgerUnavailable"),
        ({"stopPolicy": "Hold"}, "Redis does not answer", "LedgerUnavailable"),
        (STOPPED, "Redis does not answer", "EmergencyStop"),
    ],
)
def test_the_queues_state_is_one_word(
    queue: dict[str, Any], ledger_trouble: str, state: str
) -> None:
    told = queue_conditions(read_queue(raw_queue(**queue)), ledger_trouble=ledger_trouble, now=NOW)
    ready = next(item for item in told if item["type"] == "Ready")
    assert ready["reason"] == state
    assert (ready["status"] == "True") is (state == "Admitting")


@pytest.mark.parametrize("policy", ["None", "Hold", "HoldAndDrain"])
def test_the_queue_says_what_holds_it_and_how_to_lift_it(policy: str) -> None:
    queue = read_queue(raw_queue(stopPolicy=policy, **STOPPED))
    told = {item["type"]: item for item in queue_conditions(queue, ledger_trouble="", now=NOW)}
    assert (told["Held"]["status"], told["Held"]["reason"]) == ("True", "EmergencyStop")
    assert told["Ready"]["status"] == "False"
    for word in ("2026-03-01T11:59:50Z", "scanyard stop --lift", "scanyard.dev/stop"):
        assert word in told["Held"]["message"]
