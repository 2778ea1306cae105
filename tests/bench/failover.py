"""`python -m tests.bench.failover`: from a killed leader to the next admission, 1,000 ScanJobs.

Two replicas as processes beside an API server and Redis of their own. The leader is killed, then
a scan ends, and its slot must go to one that waits: under the other replica, which has to see the
Lease run out, take it, read everything and rebuild the ledger first.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import Kubelet, make_node
from tests.support.control_plane import ControlPlane
from tests.support.handover import attempts
from tests.support.kube import eventually
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab

#: The promise: so much more than the Lease's time.
BOUND_SECONDS: Final = 3.0
SCANJOBS: Final = 1000
_RUNNING: Final = 20
_FINISHED: Final = 100
_QUEUE: Final = "busy"
_SETTLE_SECONDS: Final = 120.0


class Scene:
    """1,000 ScanJobs: 100 finished, 20 running, all others waiting, under two replicas."""

    def __init__(self, replicas: Replicas, lab: Lab) -> None:
        self._replicas = replicas
        self._lab = lab
        self._kubelet = Kubelet(lab)
        self._ended = 0

    def settle(self) -> None:
        """Wait until both replicas are up, and all slots are taken by running scans."""
        self._replicas.revive()
        self._replicas.wait_ready()
        counts = _RUNNING, SCANJOBS - _FINISHED - _RUNNING - self._ended
        self._lab.wait_queue(
            _QUEUE,
            lambda status: (status.get("running"), status.get("waiting")) == counts,
            seconds=_SETTLE_SECONDS,
        )
        eventually(self._pods, lambda pods: len(pods) == _RUNNING, seconds=_SETTLE_SECONDS)
        for pod in self._pods():
            if not pod["spec"].get("nodeName"):
                self._kubelet.run(_scan_of(pod))

    def fail_over(self) -> float:
        """Kill the leader, let a scan end; seconds from the kill to the next admission."""
        leader = self._replicas.wait_leader()
        ending = _scan_of(self._pods()[0])
        known = {event.name for event in self._lab.scanjobs.events() if attempts(event.object)}
        killed = time.monotonic()
        leader.signal(signal.SIGKILL)
        self._kubelet.finish(ending)
        admitted = self._lab.scanjobs.wait(
            lambda event: event.name not in known and bool(attempts(event.object)),
            "the next is admitted",
            seconds=120,
        )
        self._ended += 1
        return admitted.at - killed

    def _pods(self) -> list[dict[str, Any]]:
        """Those whose scan has not ended."""
        pods = self._lab.list_pods()
        return [pod for pod in pods if pod["status"].get("phase") in {"Pending", "Running"}]


@contextmanager
def scene(lease_seconds: int) -> Iterator[Scene]:
    """Everything, ready to be measured."""
    with ExitStack() as opened:
        enter = opened.enter_context
        folder = Path(enter(tempfile.TemporaryDirectory(prefix="scanyard-failover-")))
        for name in ("control-plane", "redis", "replicas"):
            (folder / name).mkdir()
        cluster = enter(ControlPlane(folder / "control-plane")).cluster
        redis = enter(RedisServer(folder / "redis"))
        make_node(cluster)
        lab = enter(Lab(cluster, "failover"))
        _submit_all(lab)
        replicas = enter(
            Replicas(folder / "replicas", cluster, redis.url, lease_seconds=lease_seconds)
        )
        made = Scene(replicas, lab)
        made.settle()
        yield made


def _submit_all(lab: Lab) -> None:
    lab.queue(_QUEUE, maxConcurrent=_RUNNING)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _submit(lab, number), range(SCANJOBS)))


def _submit(lab: Lab, number: int) -> None:
    scan = lab.submit(f"scan-{number:04}", queue=_QUEUE, scanner="nmap", targets=["192.0.2.1"])
    if number < _FINISHED:
        told = {"type": "Finished", "status": "True", "reason": "ScanComplete", "message": "done"}
        told |= {"lastTransitionTime": "2026-01-01T00:00:00Z"}
        status = {"observedGeneration": 1, "phase": "Succeeded", "conditions": [told]}
        lab.namespace.patch("scanjobs", scan.name, {"status": status}, "status").expect()


def _scan_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"]).rsplit("-", 2)[0]


def main() -> int:
    """Measure and print; 1 if a failover took longer than promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.failover", description=__doc__)
    parser.add_argument("--lease-seconds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    slow = 0
    with scene(chosen.lease_seconds) as measured:
        for _ in range(chosen.runs):
            seconds = measured.fail_over()
            beyond = seconds - chosen.lease_seconds
            print(
                f"Lease {chosen.lease_seconds} s: admitted after {seconds:.2f} s ({beyond:+.2f} s)",
                flush=True,
            )
            slow += beyond > BOUND_SECONDS
            measured.settle()
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
