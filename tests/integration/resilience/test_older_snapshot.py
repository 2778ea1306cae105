"""etcd was restored from an older snapshot: the API has forgotten what Redis still knows."""

from __future__ import annotations

from typing import Any, Final

from tests.chaos.replicas import LEASE, Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.handover import attempts
from tests.support.kube import MERGE_PATCH, eventually
from tests.support.scans import Lab, phase

_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}
#: So many leaderships are forgotten.
_FORGOTTEN: Final = 5


def test_the_ledger_is_ahead_and_a_finished_scan_runs_again(lab: Lab, replicas: Replicas) -> None:
    kubelet, cluster = Kubelet(lab), replicas.cluster
    lab.queue("many")
    scan = lab.submit("scan", queue="many", **_SPEC)
    scan.wait_pod(lambda event: event.type == "ADDED", "is there")
    kubelet.run("scan")
    kubelet.finish("scan")
    (attempt,) = attempts(scan.finish())
    for replica in replicas.all:
        replica.end()
    before = replicas.ends["deposed"]

    lease = cluster.request("GET", LEASE).expect()["spec"]["leaseTransitions"]
    older = {"spec": {"leaseTransitions": lease - _FORGOTTEN, "holderIdentity": ""}}
    cluster.request("PATCH", LEASE, older, content_type=MERGE_PATCH).expect()
    body = {"status": dict.fromkeys(scan.latest()["status"]) | {"phase": "Pending"}}
    path = f"{lab.namespace.path('scanjobs', 'scan')}/status"
    restored = cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()
    version = int(restored["metadata"]["resourceVersion"])
    lab.delete_pod(attempt["podName"], gracePeriodSeconds=0)

    # More than one leadership may end before the ledger is followed: by its refusal, and on a busy
    # machine for a Lease that was not renewed in time.
    with replicas.kept_alive():
        eventually(lambda: replicas.ends["deposed"], lambda number: number > before, seconds=60)
        eventually(
            lambda: cluster.request("GET", LEASE).expect()["spec"]["leaseTransitions"],
            lambda number: number > lease,
            seconds=60,
        )
        scan.wait(lambda job: len(attempts(job)) == 1, "is admitted again", after=version)
        eventually(lab.list_pods, bool, seconds=30)
        kubelet.run("scan")
        kubelet.finish("scan")
        assert phase(scan.finish(after=version)) == "Succeeded"
