"""Two namespaces in one queue: the one that came first and with many does not get it all."""

from __future__ import annotations

from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import endless, quick
from tests.support.targets import Targets
from tests.support.told import wait_told


@side_by_side
def test_each_namespace_gets_its_part_of_the_slots(lab: Lab, targets: Targets) -> None:
    reference = {"name": "shared", "namespace": lab.name}
    lab.queue("shared", maxConcurrent=3, allowedNamespaces={"from": "All"})
    with Lab(lab.cluster) as team:
        flood = [
            lab.submit(f"flood-{number}", queue="shared", priority=10, **endless(targets.one))
            for number in range(6)
        ]
        running = eventually(
            lambda: [scan for scan in flood if _runs(scan)],
            lambda found: len(found) == 3,
            seconds=60,
        )
        small = [
            team.submit(f"small-{number}", queueRef=reference, **endless(targets.one))
            for number in range(4)
        ]
        weights = [{"namespace": team.name, "weight": 2}]
        lab.change_queue("shared", ordering="FairShare", fairShare={"weights": weights})
        wait_told(small[-1], "QueueFull")

        for scan in running[:2]:
            scan.change(cancel=True)

        # Of three slots one and two, though the flood came first and is more urgent.
        eventually(
            lambda: (_count(flood), _count(small)), lambda found: found == (1, 2), seconds=120
        )
        lab.change_queue("shared", maxConcurrent=5, maxConcurrentPerNamespace=2)
        eventually(
            lambda: (_count(flood), _count(small)), lambda found: found == (2, 2), seconds=120
        )
        for scan in (*flood, *small):
            scan.change(cancel=True)
        lab.wait_idle("shared", seconds=120)


@side_by_side
def test_a_namespace_at_its_limit_is_in_nobodys_way(lab: Lab, targets: Targets) -> None:
    reference = {"name": "shared", "namespace": lab.name}
    limits = {"maxConcurrent": 2, "maxConcurrentPerNamespace": 1}
    lab.queue("shared", allowedNamespaces={"from": "All"}, **limits)
    with Lab(lab.cluster) as team:
        first = lab.submit("first", queue="shared", **endless(targets.one))
        first.running()
        second = lab.submit("second", queue="shared", priority=100, **quick(targets.one))
        wait_told(second, "NamespaceLimit", "those of other namespaces go past")
        other = team.submit("other", queueRef=reference, **quick(targets.one))
        assert phase(other.finish()) == "Succeeded"
        assert attempts(second.latest()) == []
        first.change(cancel=True)
        assert phase(second.finish()) == "Succeeded"
        lab.wait_idle("shared")


def _runs(scan: Scan) -> bool:
    return phase(scan.latest()) in {"Starting", "Running"}


def _count(scans: list[Scan]) -> int:
    return sum(map(_runs, scans))
