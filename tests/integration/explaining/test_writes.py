"""What it costs that the waiting know where they stand: writes of a minute, with 1,000 of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

from scanyard.controller.explaining.positions import SHOWN
from scanyard.controller.explaining.recent import QUIET
from tests.crashpoints.kubelet import Kubelet
from tests.support.kube import eventually
from tests.support.scans import Lab, condition, phase
from tests.support.watching import Event

_SCANJOBS: Final = 1000
_SECONDS: Final = 60.0
_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}
#: The watch tells of a write a little later than it was made.
_SLACK: Final = 2.0


def test_a_minute_of_a_moving_queue_costs_few_writes(lab: Lab) -> None:
    lab.queue("one", maxConcurrent=1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: lab.submit(f"scan-{n:04}", queue="one", **_SPEC), range(_SCANJOBS)))
    began, ended = time.monotonic(), _move_on(lab, _SECONDS)

    written = _writes(lab)
    shown = {name for name, events in written.items() if any(_position(e) for e in events)}
    print(
        f"{sum(map(len, written.values()))} status writes of waiting ScanJobs in "
        f"{time.monotonic() - began:.0f} s; {len(shown)} were told a position; {ended} ended"
    )
    assert len(shown) <= SHOWN + 2 * (ended + 1), "nobody far from the head"
    for name, events in written.items():
        assert name in shown or len(events) <= 1, f"{name}: {_told(events)}"
        for before, after in pairwise(events):
            if _reason(before) == _reason(after):
                assert after.at - before.at >= QUIET.total_seconds() - _SLACK, _told(events)

    lines = eventually(lambda: _line(lab), _is_right, seconds=90, every=1.0)
    assert len(lines) == SHOWN
    estimated = [job for job in lines.values() if "estimatedStartTime" in job["status"]]
    assert len(estimated) >= SHOWN / 2, "enough runs have been measured"
    changed = {
        condition(event.object, "Reconciling", "lastTransitionTime")
        for event in written[next(iter(lines.values()))["metadata"]["name"]]
    }
    assert len(changed) == 1, "for GitOps tools nothing has happened"


def _move_on(lab: Lab, seconds: float) -> int:
    """Let one scan after the other run and end; how many."""
    kubelet, until, ended = Kubelet(lab), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for pod in lab.list_pods():
            if pod["status"].get("phase") in {"Pending", "Running"}:
                name = str(pod["metadata"]["name"]).rsplit("-", 2)[0]
                kubelet.run(name)
                time.sleep(2)
                kubelet.finish(name)
                ended += 1
        time.sleep(0.2)
    return ended


def _writes(lab: Lab) -> dict[str, list[Event]]:
    """The versions of each ScanJob in which it waits, as long as it was never admitted."""
    found: dict[str, list[Event]] = {}
    for event in lab.scanjobs.events():
        if phase(event.object) == "Queued" and not event.object["status"].get("attempts"):
            found.setdefault(event.name, []).append(event)
    return found


def _line(lab: Lab) -> dict[int, Any]:
    """Who is told which position now."""
    listed = lab.cluster.request("GET", lab.namespace.path("scanjobs")).expect()["items"]
    told = [(job["status"].get("queuePosition"), job) for job in listed]
    return {position: job for position, job in told if position is not None}


def _is_right(line: dict[int, Any]) -> bool:
    names = [(_created(job), job["metadata"]["name"]) for _, job in sorted(line.items())]
    return sorted(line) == list(range(1, SHOWN + 1)) and names == sorted(names)


def _created(job: Any) -> str:
    return str(job["metadata"]["creationTimestamp"])


def _position(event: Event) -> int | None:
    found: int | None = event.object["status"].get("queuePosition")
    return found


def _reason(event: Event) -> str:
    return condition(event.object, "Reconciling", "reason")


def _told(events: list[Event]) -> list[str]:
    return list(_as_text(events))


def _as_text(events: list[Event]) -> Iterator[str]:
    for event in events:
        told = event.object["status"]
        yield f"{event.at:.1f} {_reason(event)} {told.get('queuePosition')}"
