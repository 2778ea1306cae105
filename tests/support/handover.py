"""A slot goes from one ScanJob to the next: when, and that nothing is left behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.scans import Lab, Scan, phase, scanner_end, scanner_state
from tests.support.watching import Event, Object


def assert_slot_was_handed_over(first: Scan, successor: Scan) -> None:
    """The successor, in the same queue of limit 1, was admitted only after the first had stopped.

    Told by the order in which the API server stored things, and by the clocks of the node and
    the operator, which are one machine's.
    """
    admitted = successor.wait(lambda job: bool(attempts(job)), "is admitted")
    assert_stopped_before(first, admitted)
    # Without a time where the kubelet stopped the Pod before it had made a container.
    if finished_at := (scanner_end(stopped(first).object) or {}).get("finishedAt"):
        assert time_of(finished_at) <= time_of(attempts(admitted)[0]["admittedAt"])


def assert_stopped_before(scan: Scan, version: Object) -> None:
    """The scan's first Pod had stopped scanning before that version of a ScanJob was written."""
    assert stopped(scan).version < int(version["metadata"]["resourceVersion"]), (
        f"the scanner of {scan.name} had not stopped"
    )


def assert_slot_is_back(lab: Lab, first: Scan, successor: Scan) -> None:
    """The successor got the slot, ran, and then queue and first ScanJob hold and run nothing."""
    assert_slot_was_handed_over(first, successor)
    assert phase(successor.finish()) == "Succeeded"
    assert first.live_pods() == []
    lab.wait_idle(successor.latest()["spec"]["queueRef"]["name"])


def attempts(job: Object) -> list[dict[str, Any]]:
    """status.attempts of a ScanJob."""
    found: list[dict[str, Any]] = (job.get("status") or {}).get("attempts") or []
    return found


def stopped(scan: Scan) -> Event:
    """The first event that proves that the scanner of its first Pod runs no more.

    Two watches may tell in another order than the API server stored, so it is waited for.
    """
    return scan.wait_pod(
        lambda event: (
            bool(scanner_end(event.object))
            or _failed_by_its_kubelet(event.object)
            or _went_without_a_node(event)
        ),
        "was seen to stop its scanner",
        seconds=10,
    )


def _failed_by_its_kubelet(pod: Object) -> bool:
    """An evicted Pod's container may be removed before the kubelet writes down how it ended.

    It writes Failed only when nothing of the Pod runs any more. No test of these has a Pod that
    the garbage collector of the control plane ends.
    """
    return pod["status"].get("phase") == "Failed" and "running" not in scanner_state(pod)


def _went_without_a_node(event: Event) -> bool:
    return event.type == "DELETED" and not event.object["spec"].get("nodeName")


def time_of(text: str) -> datetime:
    """To whole seconds: the kubelet tells no more."""
    return datetime.fromisoformat(text).replace(microsecond=0)
