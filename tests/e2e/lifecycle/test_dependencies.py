"""ScanJobs that wait for others: in order, in vain, for what is not there, and for themselves."""

from __future__ import annotations

from typing import Any

from tests.support.scans import Lab, Scan, condition, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import ONCE, endless, paced, quick
from tests.support.targets import Targets
from tests.support.told import message, reason
from tests.support.watching import Object

_WAITS = "WaitingForDependency"


def _after(*names: str, **fields: Any) -> dict[str, Any]:
    return {"dependsOn": [{"name": name, **fields} for name in names]}


@side_by_side
def test_a_chain_runs_in_order(lab: Lab, targets: Targets) -> None:
    """Applied in the wrong order, in a queue with room for all."""
    lab.queue("wide", maxConcurrent=5)
    c = lab.submit("c", queue="wide", **quick(targets.one), **_after("b"))
    b = lab.submit("b", queue="wide", **quick(targets.one), **_after("a"))
    a = lab.submit("a", queue="wide", **paced(targets.one, seconds=50))
    _told(b, "waits for a (running)")
    _told(c, "waits for b (waiting)")

    done = [scan.finish(seconds=120) for scan in (a, b, c)]

    assert [phase(job) for job in done] == ["Succeeded"] * 3
    for first, second in ((done[0], b), (done[1], c)):
        assert _first_pod(second) > _version(first), f"{second.name} did not wait"
    assert done[1]["status"]["dependenciesMetAt"] >= done[0]["status"]["finishedAt"]
    assert condition(done[2], "Finished", "reason") == "ScanComplete"
    lab.wait_idle("wide")


@side_by_side
def test_a_failure_goes_down_the_chain(lab: Lab, targets: Targets) -> None:
    lab.queue("wide", maxConcurrent=5)
    c = lab.submit("c", queue="wide", **quick(targets.one), **_after("b"))
    b = lab.submit("b", queue="wide", **quick(targets.one), **_after("a"))
    whatever = lab.submit(
        "whatever", queue="wide", **quick(targets.one), **_after("a", condition="Finished")
    )
    a = lab.submit("a", queue="wide", **endless(targets.one), **ONCE, timeoutSeconds=5)

    assert phase(a.finish()) == "TimedOut"

    for scan, because in ((b, "a ended as TimedOut"), (c, "b ended as Cancelled")):
        ended = scan.finish()
        assert phase(ended) == "Cancelled"
        assert condition(ended, "Succeeded", "reason") == "DependencyFailed"
        assert because in condition(ended, "Stalled", "message")
        assert scan.pod_events() == []
    assert phase(whatever.finish()) == "Succeeded"
    assert _first_pod(whatever) > _version(a.finish())
    lab.wait_idle("wide")


@side_by_side
def test_what_failed_is_run_again_and_those_behind_it_go(lab: Lab, targets: Targets) -> None:
    """One has waited on; one was cancelled, and is run again likewise."""
    lab.queue("wide", maxConcurrent=5)
    a = lab.submit("a", queue="wide", **quick(targets.one), cancel=True)
    cancelled = lab.submit("cancelled", queue="wide", **quick(targets.one), **_after("a"))
    patient = lab.submit(
        "patient",
        queue="wide",
        **quick(targets.one),
        **_after("a"),
        dependencyFailurePolicy="Wait",
    )
    assert condition(cancelled.finish(), "Finished", "reason") == "DependencyFailed"
    _told(patient, "a (Cancelled) did not succeed", "rerunToken")

    again = a.change(cancel=False, rerunToken="again")
    succeeded = a.reach("Succeeded", after=again)

    assert phase(patient.finish()) == "Succeeded"
    assert _first_pod(patient) > _version(succeeded)
    assert cancelled.pod_events() == [], "it was cancelled for good"
    rerun = cancelled.change(rerunToken="again")
    assert phase(cancelled.reach("Succeeded", after=rerun)) == "Succeeded"
    lab.wait_idle("wide")


@side_by_side
def test_what_is_not_there_yet_is_waited_for(lab: Lab, targets: Targets) -> None:
    lab.queue("wide", maxConcurrent=5)
    b = lab.submit("b", queue="wide", **quick(targets.one), **_after("a"))
    told = _told(b, "no ScanJob a in this namespace yet", "create it")
    assert phase(told) == "Queued"

    a = lab.submit("a", queue="wide", **quick(targets.one))

    assert phase(b.finish()) == "Succeeded"
    assert _first_pod(b) > _version(a.finish())
    assert condition(b.latest(), "Reconciling", "reason") != _WAITS
    lab.wait_idle("wide")


@side_by_side
def test_a_cycle_is_told_and_can_be_broken(lab: Lab, targets: Targets) -> None:
    lab.queue("wide", maxConcurrent=5)
    a = lab.submit("a", queue="wide", **quick(targets.one), **_after("c"))
    b = lab.submit("b", queue="wide", **quick(targets.one), **_after("a"))
    c = lab.submit("c", queue="wide", **quick(targets.one), **_after("b"))
    _told(a, "depends on itself: a → c → b → a", "delete one of them")
    _told(b, "depends on itself: b → a → c → b")
    told = _told(c, "depends on itself: c → b → a → c")

    c.delete()
    _told(a, "no ScanJob c in this namespace yet", after=_version(told))
    _told(b, "waits for a (waiting)", after=_version(told))
    lab.submit("c", queue="wide", **quick(targets.one))

    for scan in (c, a, b):
        assert phase(scan.finish()) == "Succeeded"
    assert _first_pod(b) > _version(a.finish())
    lab.wait_idle("wide")


@side_by_side
def test_of_a_cycle_any_can_be_cancelled(lab: Lab, targets: Targets) -> None:
    lab.queue("wide", maxConcurrent=5)
    a = lab.submit("a", queue="wide", **quick(targets.one), **_after("b"))
    b = lab.submit("b", queue="wide", **quick(targets.one), **_after("a"))
    _told(a, "depends on itself: a → b → a")

    b.change(cancel=True)

    assert condition(b.finish(), "Finished", "reason") == "Cancelled"
    assert condition(a.finish(), "Finished", "reason") == "DependencyFailed"
    lab.wait_idle("wide")


def _told(scan: Scan, *words: str, after: int = 0) -> Object:
    """The first version that says all these words of what it waits for."""
    return scan.wait(
        lambda job: reason(job) == _WAITS and all(word in message(job) for word in words),
        f"says {words}",
        # What is told changes at most once in 30 s as long as the reason is the same.
        seconds=75,
        after=after,
    )


def _version(job: Object) -> int:
    return int(job["metadata"]["resourceVersion"])


def _first_pod(scan: Scan) -> int:
    return scan.wait_pod(lambda _: True, "was created").version
