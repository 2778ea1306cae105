"""Queues that are not there, and targets that are denied or unknown: told, and mended."""

from __future__ import annotations

import ipaddress

from tests.support.handover import attempts
from tests.support.named import dns_name, name_address
from tests.support.scans import Lab, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import wait_told


@side_by_side
def test_a_scanjob_before_its_queue_says_what_is_missing_and_runs_once_it_is_there(
    lab: Lab, targets: Targets
) -> None:
    scan = lab.submit("early", queue="not-yet", **quick(targets.one))
    wait_told(scan, "QueueNotFound", "no ScanQueue not-yet in namespace", "create it")

    lab.queue("not-yet")

    assert phase(scan.finish()) == "Succeeded"
    assert len(attempts(scan.latest())) == 1


@side_by_side
def test_denied_targets_are_refused_and_hold_nothing(lab: Lab, targets: Targets) -> None:
    service = lab.cluster.request("GET", "/api/v1/namespaces/default/services/kubernetes")
    address = service.expect()["spec"]["clusterIP"]
    lab.queue("one", maxConcurrent=1)
    # The chart's policy knows these networks, and refuses them when they are applied.
    for target in ("127.0.0.1", "169.254.169.254", "fe80::1"):
        reply = lab.try_submit("denied", queueRef={"name": "one"}, **quick(target))
        assert f"target {target} lies in a network that this installation denies" in reply.message
    denied = {
        "service": (address, "target"),
        "services": (str(ipaddress.ip_network(f"{address}/30", strict=False)), "target"),
        "nat64": ("64:ff9b::7f00:1", "64:ff9b::7f00:0/104"),
        "name-of-a-service": ("kubernetes.default.svc.cluster.local", f"(resolves to {address})"),
    }
    scans = {
        name: lab.submit(name, queue="one", **quick(target)) for name, (target, _) in denied.items()
    }
    for name, scan in scans.items():
        target, word = denied[name]
        wait_told(scan, "OutOfScope", target, word, "denies", "create a ScanJob without it")

    other = lab.submit("allowed", queue="one", **quick(targets.one))
    assert phase(other.finish()) == "Succeeded"
    assert {event.name for event in lab.pods.events()} == {
        attempts(other.latest())[0]["podName"]
    }, "a denied target got a Pod"


@side_by_side
def test_a_name_that_has_no_address_yet(lab: Lab, targets: Targets) -> None:
    name = dns_name(lab, "late")
    lab.queue("one", maxConcurrent=1)
    scan = lab.submit("by-name", queue="one", **quick(name))
    wait_told(scan, "TargetUnresolvable", name, "cannot be resolved", "check the name")
    other = lab.submit("other", queue="one", **quick(targets.one))
    assert phase(other.finish()) == "Succeeded"

    name_address(lab, "late", targets.one)

    job = scan.finish(seconds=150)
    assert phase(job) == "Succeeded"
    assert open_ports(job) == {targets.one: set(OPEN_TCP)}
