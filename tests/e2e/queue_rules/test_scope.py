"""What a queue allows: told while it does not, and heeded once it does."""

from __future__ import annotations

from tests.support.handover import attempts
from tests.support.named import dns_name, name_address
from tests.support.scans import Lab, open_ports, phase
from tests.support.side_by_side import side_by_side
from tests.support.specs import paced, quick
from tests.support.targets import OPEN_TCP, Targets
from tests.support.told import message, wait_told

_ELSEWHERE = "192.0.2.0/24"


@side_by_side
def test_out_of_scope_waits_and_runs_once_the_scope_is_wider(lab: Lab, targets: Targets) -> None:
    lab.queue("narrow", maxConcurrent=1, scope={"allow": [_ELSEWHERE]})
    scan = lab.submit("scan", queue="narrow", **quick(targets.one))
    wait_told(scan, "OutOfScope", f"target {targets.one}", "queue narrow allows", "scope.allow")
    lab.wait_queue(
        "narrow", lambda status: (status.get("running"), status.get("waiting")) == (0, 1)
    )

    lab.change_queue("narrow", scope={"allow": [_ELSEWHERE, targets.one]})

    job = scan.finish()
    assert phase(job) == "Succeeded"
    assert open_ports(job) == {targets.one: set(OPEN_TCP)}
    assert len(attempts(job)) == 1, "it was never admitted while it was out of scope"


@side_by_side
def test_who_waits_when_the_scope_narrows_is_judged_anew(lab: Lab, targets: Targets) -> None:
    lab.queue("one", maxConcurrent=1)
    running = lab.submit("running", queue="one", **paced(targets.one, seconds=25))
    running.running()
    waiting = lab.submit("waiting", queue="one", **quick(targets.addresses[1]))
    wait_told(waiting, "QueueFull")

    lab.change_queue("one", scope={"deny": list(targets.addresses)})

    wait_told(waiting, "OutOfScope", "queue one denies", "scope.deny")
    assert phase(running.finish()) == "Succeeded", "what runs may finish"
    assert waiting.pod_events() == []


@side_by_side
def test_a_name_is_judged_by_its_text_and_by_its_address(lab: Lab, targets: Targets) -> None:
    name_address(lab, "web", targets.one)
    name = dns_name(lab, "web")
    lab.queue("names", maxConcurrent=2, scope={"allow": ["*.example.com", _ELSEWHERE]})
    scan = lab.submit("by-name", queue="names", **quick(name))
    wait_told(scan, "OutOfScope", name, "matches none of the domains that queue names allows")

    domain = name.removeprefix("web")
    lab.change_queue("names", scope={"allow": [f"*{domain}", _ELSEWHERE]})
    resolved = f"target {name} (resolves to {targets.one}) lies outside of what queue names allows"
    scan.wait(lambda job: resolved in message(job), "tells the address that is out of scope")
    assert scan.pod_events() == []

    lab.change_queue("names", scope={"allow": [f"*{domain}", _ELSEWHERE, targets.one]})
    job = scan.finish(seconds=150)
    assert phase(job) == "Succeeded"
    assert open_ports(job) == {targets.one: set(OPEN_TCP)}


@side_by_side
def test_a_scanner_that_is_not_allowed_waits_until_it_is(lab: Lab, targets: Targets) -> None:
    lab.queue("masscan-only", maxConcurrent=1, allowedScanners=["masscan"])
    scan = lab.submit("nmap", queue="masscan-only", **quick(targets.one))
    wait_told(scan, "ScannerNotAllowed", "queue masscan-only runs masscan only", "allowedScanners")

    lab.change_queue("masscan-only", allowedScanners=["masscan", "nmap"])

    job = scan.finish()
    assert phase(job) == "Succeeded"
    assert len(attempts(job)) == 1


@side_by_side
def test_more_addresses_than_a_queue_takes_wait_until_it_does(lab: Lab, targets: Targets) -> None:
    lab.queue("small", maxConcurrent=1, limits={"maxAddresses": 3})
    spec = quick(targets.one) | {"targets": list(targets.addresses)}
    scan = lab.submit("four", queue="small", **spec)
    wait_told(scan, "ExceedsLimit", "4 addresses", "queue small takes at most 3")

    lab.change_queue("small", limits={"maxAddresses": 4})

    job = scan.finish()
    assert phase(job) == "Succeeded"
    assert len(attempts(job)) == 1
