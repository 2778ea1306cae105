"""What goes while nobody can watch: an API server that is away, and whose past is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.world import World
from tests.support.kube import eventually
from tests.support.scans import condition, phase


@pytest.fixture
def world() -> Iterator[World]:
    with World(1, lease_seconds=30) as world:  # one leader, whatever is away
        yield world


def test_a_pod_that_vanishes_during_a_relist_leaks_no_slot(world: World) -> None:
    """No watch tells of it: the leader finds out, and the scan has its turn again."""
    lab = world.lab
    lab.queue("one", maxConcurrent=1)
    for name in ("node-a", "node-b"):
        world.nodes.lose(name)
    first, second = (
        lab.submit(name, queue="one", scanner="nmap", targets=["192.0.2.1"]) for name in "ab"
    )
    pod = first.wait_pod(lambda event: event.type == "ADDED", "is there").name

    def take_away() -> None:
        world.history.delete(f"/registry/pods/{lab.name}/{pod}")
        world.history.compact()

    world.restart_api_server(take_away)
    for name in ("node-a", "node-b"):
        world.nodes.bring_back(name)

    for scan in (first, second):
        assert phase(scan.finish(seconds=60)) == "Succeeded"
    ended = first.latest()
    assert [each["reason"] for each in ended["status"]["attempts"]] == [
        "ResultLost",
        "ScanComplete",
    ]
    assert condition(ended, "Succeeded") == "True"
    eventually(lambda: world.ledger().holding, lambda holding: not holding)
