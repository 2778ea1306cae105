"""What scans share: packets a second, and targets."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, Final

from tests.cluster.settings import POD_SUBNET
from tests.support.handover import assert_stopped_before, attempts
from tests.support.scans import Lab, Scan, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import paced, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import wait_told

#: In the Pod network, outside every node's part of it.
_NOBODY: Final = list(IPv4Network(POD_SUBNET).subnets(new_prefix=29))[-9]


@side_by_side
def test_the_packets_of_a_queue_are_shared(lab: Lab, targets: Targets) -> None:
    lab.queue("paced", maxConcurrent=4, packetsPerSecond=5)
    first = lab.submit("first", queue="paced", **paced(targets.one, seconds=15))
    first.reach("Running")

    second = lab.submit("second", queue="paced", **paced(targets.one, seconds=5))
    wait_told(second, "BudgetExhausted", "send up to 4 of at most 5 packets", "needs 4")
    fits = lab.submit("fits", queue="paced", **quick(targets.one))
    ended = fits.finish(seconds=60)
    assert open_ports(ended) == {targets.one: OPEN_TCP}
    assert attempts(ended)[0]["packetsPerSecond"] == 1, "a fourth of the budget, rounded down"
    assert _max_rate(fits) == "1"

    admitted = second.wait(lambda job: bool(attempts(job)), "is admitted", seconds=60)
    assert_stopped_before(first, admitted)
    assert phase(second.finish(seconds=60)) == "Succeeded"
    lab.wait_idle("paced")


@side_by_side
def test_what_exceeds_the_budget_is_told_and_runs_once_that_is_raised(
    lab: Lab, targets: Targets
) -> None:
    lab.queue("paced", packetsPerSecond=3)
    scan = lab.submit("scan", queue="paced", **paced(targets.one, seconds=3))
    wait_told(scan, "ExceedsLimit", "would send 4 packets a second", "queue paced is 3")
    follows = lab.submit("follows", queue="paced", **_at(2, quick(targets.one)))
    assert phase(follows.finish()) == "Succeeded", "nobody waits for what cannot go"
    lab.change_queue("paced", packetsPerSecond=4)
    assert phase(scan.finish(seconds=60)) == "Succeeded"


@side_by_side
def test_a_target_that_is_being_scanned_is_left_in_peace(lab: Lab, targets: Targets) -> None:
    """Also by another queue; a network counts as scanned when a part of it is.

    Nobody is there, so that no other test scans it.
    """
    del targets
    one, elsewhere, network_of_both = _NOBODY[1], _NOBODY[2], str(_NOBODY)
    lab.queue("polite", maxConcurrentPerTarget=1)
    lab.queue("other")
    busy = lab.submit("busy", queue="other", **paced(str(one), seconds=15))
    busy.reach("Running")

    network = lab.submit("network", queue="polite", **quick(network_of_both))
    told = wait_told(network, "TargetBusy", "are being scanned by busy; at most 1 may")
    assert told["status"]["phase"] == "Queued"
    free = lab.submit("free", queue="polite", **quick(str(elsewhere)))
    assert phase(free.finish()) == "Succeeded"

    admitted = network.wait(lambda job: bool(attempts(job)), "is admitted", seconds=60)
    assert_stopped_before(busy, admitted)
    assert phase(network.finish(seconds=90)) == "Succeeded"
    lab.wait_idle("polite")


def _at(packets: int, spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {"nmap": spec["nmap"] | {"packetsPerSecond": packets}}


def _max_rate(scan: Scan) -> str:
    """What nmap was told, from the arguments of its Pod."""
    args: list[str] = scan.pod_events()[-1].object["spec"]["containers"][0]["args"]
    return args[args.index("--max-rate") + 1]
