"""etcd was restored from an older snapshot: the API has forgotten what Redis still knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from tests.chaos.replicas import LEASE, Replicas
from tests.crashpoints.kubelet import Kubelet
from tests.support.handover import attempts
from tests.support.kube import MERGE_PATCH, eventually
from tests.support.scans import Lab, phase

_SPEC: Final[dict[str, Any]] = {"scanner": "nmap", "targets": ["192.0.2.1"]}
#: So many leaderships are forgotten.
_FORGOTTEN: Final = 5

_Value = TypeVar("_Value")


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
    cluster.request("PATCH", path, body, content_type=MERGE_PATCH).expect()
    lab.delete_pod(attempt["podName"], gracePeriodSeconds=0)

    def soon(read: Callable[[], _Value], accept: Callable[[_Value], bool]) -> _Value:
        """More than one leadership may end before the ledger is followed.

        By its refusal, and on a busy machine for a Lease that was not renewed in time.
        """

        def look() -> _Value:
            replicas.revive()
            return read()

        return eventually(look, accept, seconds=90)

    soon(lambda: replicas.ends["deposed"], lambda number: number > before)
    soon(
        lambda: cluster.request("GET", LEASE).expect()["spec"]["leaseTransitions"],
        lambda number: number > lease,
    )
    soon(scan.latest, lambda job: len(attempts(job)) == 1)
    soon(lab.list_pods, bool)
    kubelet.run("scan")
    kubelet.finish("scan")
    soon(scan.latest, lambda job: phase(job) == "Succeeded")
