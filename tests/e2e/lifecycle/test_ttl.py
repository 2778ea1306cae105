"""Finished ScanJobs are deleted when their time is over, and only those."""

from __future__ import annotations

from tests.support.scans import Lab, Scan, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import quick
from tests.support.targets import Targets
from tests.support.watching import Event

_TTL = 6
#: The API server's times have whole seconds.
_RESOLUTION = 1.0


@side_by_side
def test_it_goes_with_its_pod_and_others_stay(lab: Lab, targets: Targets) -> None:
    """Its own time, or that of its queue; without either it is kept."""
    lab.queue("keeps", maxConcurrent=5)
    lab.queue("brief", maxConcurrent=5, defaults={"ttlSecondsAfterFinished": _TTL})
    kept = lab.submit("kept", queue="keeps", **quick(targets.one))
    own = lab.submit("own", queue="keeps", **quick(targets.one), ttlSecondsAfterFinished=_TTL)
    queues = lab.submit("queues", queue="brief", **quick(targets.one))
    longer = lab.submit(
        "longer", queue="brief", **quick(targets.one), ttlSecondsAfterFinished=86_400
    )
    for scan in (kept, longer):
        assert phase(scan.finish()) == "Succeeded"

    for scan in (own, queues):
        assert _seconds_kept(scan) >= _TTL - _RESOLUTION
        scan.wait_until_pods_are_gone()
    for scan in (kept, longer):
        assert phase(scan.latest()) == "Succeeded"
        assert len(scan.pod_events()) > 0
        assert {event.type for event in scan.pod_events()} <= {"ADDED", "MODIFIED"}
    lab.wait_idle("keeps")
    lab.wait_idle("brief")


@side_by_side
def test_a_rerun_asked_for_in_time_is_not_lost(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=2, defaults={"ttlSecondsAfterFinished": _TTL})
    again = lab.submit("again", queue="one", **quick(targets.one))
    again.finish()
    changed = again.change(rerunToken="again", suspend=True)

    clock = lab.submit("clock", queue="one", **quick(targets.one))
    _seconds_kept(clock)

    assert phase(again.reach("Suspended", after=changed)) == "Suspended"
    resumed = again.change(suspend=False)
    assert phase(again.finish(after=resumed)) == "Succeeded"
    assert _seconds_kept(again, after=resumed) >= _TTL - _RESOLUTION
    lab.wait_idle("one")


@side_by_side
def test_it_counts_from_now_on_when_it_is_set_later(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("scan", queue="one", **quick(targets.one))
    scan.finish()
    scan.change(ttlSecondsAfterFinished=0)
    _deleted(scan)
    lab.wait_idle("one")


def _seconds_kept(scan: Scan, after: int = 0) -> float:
    """From its end to its deletion, as they were heard of."""
    end = scan.lab.scanjobs.wait(
        _has_finished,
        f"{scan.name} is finished",
        seconds=90,
        name=scan.name,
        after=after,
    )
    return _deleted(scan).at - end.at


def _has_finished(event: Event) -> bool:
    return bool((event.object.get("status") or {}).get("finishedAt"))


def _deleted(scan: Scan) -> Event:
    return scan.lab.scanjobs.wait(
        lambda event: event.type == "DELETED",
        f"{scan.name} is deleted",
        seconds=30,
        name=scan.name,
    )
