"""Whoever asks why a ScanJob waits is answered at once, exactly, and once."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from typing import Any, Final

from scanyard.api import names
from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, condition

_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}
#: A machine that does much else; alone it takes less than one.
_SOON: Final = 15.0


def ask(scan: Scan, token: str) -> None:
    """Set the annotation."""
    notes = {"metadata": {"annotations": {names.ANNOTATION_EXPLAIN: token}}}
    scan.lab.namespace.patch("scanjobs", scan.name, notes).expect()


def explanation(job: Mapping[str, Any]) -> dict[str, Any]:
    """What was answered last; empty if nothing was."""
    return dict((job.get("status") or {}).get("explanation") or {})


def answer(scan: Scan, token: str, *, seconds: float = _SOON) -> dict[str, Any]:
    """Wait for the answer to it."""
    what = f"is answered {token}"
    return explanation(
        scan.wait(lambda job: explanation(job).get("token") == token, what, seconds=seconds)
    )


def test_the_last_of_many_learns_its_exact_place(lab: Lab) -> None:
    lab.queue("held", stopPolicy="Hold")
    for number in range(120):
        lab.submit(f"scan-{number:03}", queue="held", **_SPEC)
    last = lab.submit("the-last", queue="held", priority=-1, **_SPEC)

    ask(last, "one")
    told = answer(last, "one")

    assert (told["reason"], told["queuePosition"], told["waiting"]) == ("QueueHeld", 121, 121)
    assert "stopPolicy Hold" in told["message"]
    assert "estimatedStartTime" not in told, "nobody knows when it is released"
    lab.change_queue("held", agingSeconds=601)
    first = Scan(lab, "the-first")
    lab.submit(first.name, queue="held", priority=100, **_SPEC)
    ask(first, "one")
    assert answer(first, "one")["queuePosition"] == 1
    ask(last, "two")
    assert answer(last, "two")["queuePosition"] == 122


def test_a_question_without_a_leader_is_answered_after_the_takeover_and_once(
    lab: Lab, replicas: Replicas
) -> None:
    lab.queue("held", stopPolicy="Hold")
    scan = lab.submit("scan", queue="held", **_SPEC)
    scan.reach("Queued")
    for replica in replicas.all:
        replica.signal(signal.SIGKILL)
    ask(scan, "nobody-leads")
    time.sleep(1)
    assert explanation(scan.latest()) == {}

    eventually(replicas.revive, lambda _: bool(explanation(scan.latest())), seconds=60)
    told = answer(scan, "nobody-leads")
    assert told["reason"] == "QueueHeld"
    leader = replicas.wait_leader()
    leader.signal(signal.SIGKILL)
    other = lab.submit("other", queue="held", **_SPEC)
    ask(other, "to-the-next-leader")
    eventually(replicas.revive, lambda _: bool(explanation(other.latest())), seconds=60)
    answers = [explanation(event.object) for event in lab.scanjobs.events("scan")]
    assert len({str(each) for each in answers if each}) == 1, "it was answered once"


def test_who_asks_without_end_is_answered_now_and_then(lab: Lab) -> None:
    lab.queue("held", stopPolicy="Hold")
    scan = lab.submit("scan", queue="held", **_SPEC)
    scan.reach("Queued")
    began = time.monotonic()
    for number in range(40):
        ask(scan, f"token-{number}")
    another = lab.submit("another", queue="held", **_SPEC)
    ask(another, "one")
    answer(another, "one")
    ask(scan, "x" * 200)
    told = answer(scan, "x" * 64)
    lasted = time.monotonic() - began
    answers = {str(explanation(event.object)) for event in lab.scanjobs.events("scan")} - {"{}"}
    assert len(answers) <= 2 + lasted / 4, f"{len(answers)} answers in {lasted:.1f} s"
    assert told["queuePosition"] == 1


def test_what_is_parked_learns_by_whom_and_how_many_are_alike(lab: Lab) -> None:
    lab.queue("polite", maxConcurrentPerTarget=1)
    kubelet = Kubelet(lab)
    runs = lab.submit("runs", queue="polite", **_SPEC)
    runs.wait(lambda job: bool(job["status"].get("attempts")), "is admitted")
    waits = [lab.submit(f"waits-{n}", queue="polite", **_SPEC) for n in range(3)]
    for scan in waits:
        scan.wait(lambda job: condition(job, "Reconciling", "reason") == "TargetBusy", "is told")

    ask(waits[1], "one")
    told = answer(waits[1], "one")

    assert (told["reason"], told["heldBy"], told["parkedAlike"]) == ("TargetBusy", ["runs"], 2)
    assert "queuePosition" not in told
    assert "queuePosition" not in waits[1].latest()["status"]
    eventually(lab.list_pods, bool)
    kubelet.run("runs")
    kubelet.finish("runs")
    runs.finish()


def test_who_waits_no_more_keeps_only_that_it_was_answered(lab: Lab) -> None:
    lab.queue("one", maxConcurrent=1, stopPolicy="Hold")
    scan = lab.submit("scan", queue="one", **_SPEC)
    placed = scan.wait(lambda job: job["status"].get("queuePosition") == 1, "has its place")
    assert condition(placed, "Reconciling", "reason") == "QueueHeld"
    ask(scan, "one")
    answer(scan, "one")
    lab.change_queue("one", stopPolicy="None")
    admitted = scan.wait(lambda job: bool(job["status"].get("attempts")), "is admitted")
    assert "queuePosition" not in admitted["status"]
    assert explanation(admitted).keys() == {"token", "at"}
    ask(scan, "while-it-runs")
    kubelet = Kubelet(lab)
    eventually(lab.list_pods, bool)
    kubelet.run("scan")
    kubelet.finish("scan")
    done = scan.finish()
    assert explanation(done)["token"] == "one", "what it does stands in its conditions"
