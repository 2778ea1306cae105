"""Not one packet goes to what a queue denies: counted where the Pods' packets enter their node."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.cluster import cluster, settings
from tests.support.handover import attempts
from tests.support.packets import PacketCounters
from tests.support.scans import Lab, open_ports, phase
from tests.support.specs import quick
from tests.support.targets import OPEN_TCP, Targets


@pytest.mark.skipif(os.environ.get("CLUSTER") == "existing", reason="it looks into our own nodes")
def test_a_denied_address_in_the_midst_of_a_network_gets_no_packet(
    lab: Lab, targets: Targets
) -> None:
    denied, *others = sorted(targets.in_network)
    assert others, "the network needs two targets: one to be scanned, one not"
    connect = quick(targets.network)
    discovery: dict[str, Any] = {"technique": "Discovery", "disableArpPing": True}
    kinds = {
        "connect": connect,
        "syn": connect | {"nmap": {"technique": "Syn"}},
        "discovery": {key: connect[key] for key in ("scanner", "targets")} | {"nmap": discovery},
        "masscan": {key: connect[key] for key in ("targets", "ports")}
        | {"scanner": "masscan", "masscan": {"waitSeconds": 3}},
    }
    lab.queue("guarded", scope={"allow": [targets.network], "deny": [denied]})
    # All run on this one: the other is kept for tests that take it away, perhaps just now.
    node = cluster.nodes(settings.from_environment(os.environ))[0]
    with PacketCounters([node], [denied, *others]) as counters:
        scans = {kind: lab.submit(kind, queue="guarded", **spec) for kind, spec in kinds.items()}
        jobs = {kind: scan.finish(seconds=180) for kind, scan in scans.items()}
        seen = counters.seen()

    for kind, job in jobs.items():
        assert phase(job) == "Succeeded", kind
        assert attempts(job)[-1]["nodeName"] == node
        source = attempts(job)[-1]["sourceAddress"]
        assert seen[source, denied] == 0, f"{kind} sent packets to {denied}"
        for address in others:
            assert seen[source, address] > 0, f"{kind} was not seen at {address}"
        assert job["status"]["summary"]["hostsTotal"] == 15, kind
        found = open_ports(job)
        assert denied not in found, kind
        if kind != "discovery":
            assert {a: found.get(a) for a in others} == {a: set(OPEN_TCP) for a in others}, kind
