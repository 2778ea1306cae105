"""Two namespaces in a FairShare queue, with a real operator and API server, over a takeover."""

from __future__ import annotations

import signal
from typing import Any, Final

from tests.chaos.replicas import Replicas
from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.scans import Lab, Scan, phase
from tests.support.told import wait_told

_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}


def test_each_namespace_gets_its_part_also_from_the_next_leader(
    replicas: Replicas, lab: Lab
) -> None:
    reference = {"name": "shared", "namespace": lab.name}
    lab.queue("shared", maxConcurrent=4, allowedNamespaces={"from": "All"})
    with Lab(lab.cluster, "resilience") as team:
        flood = [
            lab.submit(f"flood-{number}", queue="shared", priority=10, **_SPEC)
            for number in range(8)
        ]
        eventually(lambda: _admitted(flood), lambda found: len(found) == 4, seconds=30)
        small = [team.submit(f"small-{number}", queueRef=reference, **_SPEC) for number in range(4)]
        wait_told(small[-1], "QueueFull")
        weights = [{"namespace": team.name, "weight": 3}]
        lab.change_queue("shared", ordering="FairShare", fairShare={"weights": weights})
        for scan in _admitted(flood)[:2]:
            scan.change(cancel=True)
        _wait_for(flood, small, (2, 2))

        leader = replicas.wait_leader()
        leader.signal(signal.SIGKILL)
        for scan in _admitted(flood):
            scan.change(cancel=True)

        # Of four slots one and three, though the flood came first and is more urgent.
        _wait_for(flood, small, (1, 3))
        lab.change_queue("shared", maxConcurrent=6, maxConcurrentPerNamespace=3)
        _wait_for(flood, small, (3, 3))
        for scan in (*flood, *small):
            scan.change(cancel=True)
        lab.wait_idle("shared")


def _admitted(scans: list[Scan]) -> list[Scan]:
    found = [(scan, scan.latest()) for scan in scans]
    return [scan for scan, job in found if attempts(job) and phase(job) != "Cancelled"]


def _wait_for(flood: list[Scan], small: list[Scan], wanted: tuple[int, int]) -> None:
    eventually(
        lambda: (len(_admitted(flood)), len(_admitted(small))),
        lambda found: found == wanted,
        seconds=60,
    )
