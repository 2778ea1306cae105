"""The place of one test: a namespace, a ledger, a node, an operator, and the audit of it all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import redis

from tests.crashpoints.kubelet import Kubelet
from tests.crashpoints.naming import SCRIPTS
from tests.crashpoints.operators import Operator, OperatorServer
from tests.crashpoints.points import Fault
from tests.support.audit import Verdict
from tests.support.audit_watch import Audit
from tests.support.kube import MERGE_PATCH, Cluster
from tests.support.ledger_audit import LedgerState, read_ledger
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab, Scan, condition, phase
from tests.support.watching import Event

QUEUE: Final = "default"
#: The end of a ScanJob that its user deletes, in place of a phase.
DELETED: Final = "Deleted"
_INSTALLATION: Final = "scanyard/scanyard"
_LEASE: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/scanyard"
#: What goes between a leader's first list and its watches, which a busy machine makes begin late,
#: is noticed by its first sweep, 30 s later.
_STEP_SECONDS: Final = 45.0
#: A Pod whose end nobody saw holds its slot for its grace period and 10 s, and its node is Ready.
_SETTLE_SECONDS: Final = 120.0
#: Redis goes on by itself after that, whatever becomes of the test.
_SLOW_MILLISECONDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class World:
    """What all tests share."""

    cluster: Cluster
    redis: RedisServer
    operators: OperatorServer


class Stage:
    """Use as a context manager. `operator` is the one that runs, or ran last."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lab = Lab(world.cluster, "crash")
        self.kubelet = Kubelet(self.lab)
        self._audit = Audit(self.lab)
        self._opened = ExitStack()
        self._operator: Operator | None = None
        self._scans: dict[str, Scan] = {}

    def __enter__(self) -> Self:
        self._opened.enter_context(self.lab)
        self._opened.enter_context(self._audit)
        with self._redis() as client:
            client.flushall()
            # As they would be after a while; takeover has a Redis that knows none.
            for script in SCRIPTS.values():
                client.script_load(script.text)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._operator is not None:
            self._operator.kill()
        self._opened.close()
        # No controller empties the namespace, and the next operator would find all of it.
        pods = f"/api/v1/namespaces/{self.lab.name}/pods"
        for path in (pods, self._path("scanjobs"), self._path("scanqueues")):
            self._world.cluster.request("DELETE", path, {"gracePeriodSeconds": 0}).expect()
        # Nor does one end it; all points in one run would fill more than a page of a list.
        own = f"/api/v1/namespaces/{self.lab.name}"
        ended = self._world.cluster.request("GET", own).expect() | {"spec": {"finalizers": []}}
        self._world.cluster.request("PUT", f"{own}/finalize", ended).expect()

    @property
    def operator(self) -> Operator:
        """The operator that runs, or ran last."""
        assert self._operator is not None, "none has been started"
        return self._operator

    def start(self, fault: Fault | None = None) -> None:
        """Start an operator, which counts its requests once it is armed, and wait until ready."""
        self._begin(fault, armed=False)
        self.operator.wait_ready()

    def start_armed(self, fault: Fault | None) -> None:
        """Start an operator that counts its requests from the first on."""
        self._begin(fault, armed=True)

    def submit(self, name: str) -> Scan:
        """Create a ScanJob."""
        scan = self._scans[name] = self.lab.submit(
            name, queue=QUEUE, scanner="nmap", targets=["192.0.2.1"]
        )
        return scan

    def change(self, name: str, **spec: Any) -> None:
        """Change a ScanJob's spec."""
        self._scans[name].change(**spec)

    def delete(self, name: str) -> None:
        """Delete a ScanJob."""
        self._scans[name].delete()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for the operator to do something, or to be killed before it has."""
        deadline = time.monotonic() + _STEP_SECONDS
        while not condition() and not self.operator.ended():
            assert time.monotonic() < deadline, f"it never did: {what}; {self.operator.story()}"
            time.sleep(0.002)

    def until_pod(self, scan: str) -> None:
        """Wait until the ScanJob has a Pod."""
        self.until(lambda: self.pod(scan) is not None, f"create a Pod for {scan}")

    def until_known(self, scan: str) -> None:
        """Wait until the ledger has the ScanJob."""
        self.until(lambda: self._is_known(scan), f"enter {scan} into the ledger")

    def until_unknown(self, scan: str) -> None:
        """Wait until the ledger has it no more."""
        self.until(lambda: not self._is_known(scan), f"take {scan} out of the ledger")

    def queue_counts(self) -> tuple[int, int]:
        """How many run and wait, as the queue's status tells."""
        status = self.lab.namespace.get("scanqueues", QUEUE).get("status") or {}
        return status.get("running", 0), status.get("waiting", 0)

    def holds_and_waits(self) -> bool:
        """Whether the one slot is held, by one whose Pod may be gone, and another waits for it."""
        with self._redis() as client:
            state = read_ledger(client, _INSTALLATION)
        return (len(state.holding), len(state.waiting)) == (1, 1)

    def held_for_seconds(self) -> float:
        """How long the slot is held at most that the queue's status tells of; endless if none."""
        told = (self.lab.namespace.get("scanqueues", QUEUE).get("status") or {}).get("heldSlots")
        if not told:
            return math.inf
        return (datetime.fromisoformat(told[0]["until"]) - datetime.now(UTC)).total_seconds()

    def holds_told(self) -> bool:
        """Whether the queue's status tells of a slot that is held without a ScanJob."""
        return self.held_for_seconds() < math.inf

    @contextmanager
    def slow_redis(self) -> Iterator[None]:
        """Redis changes nothing for a while; those who ask wait, and are answered afterwards."""
        with self._redis() as client:
            client.client_pause(_SLOW_MILLISECONDS, all=False)
            try:
                yield
            finally:
                client.client_unpause()

    def release(self) -> None:
        """Give the slot back that the queue's status tells of, as `scanyard release --force`."""
        told = self.lab.namespace.get("scanqueues", QUEUE)["status"]["heldSlots"]
        notes = {"scanyard.dev/release": f"{told[0]['uid']}/{told[0]['attempt']}"}
        body = {"metadata": {"annotations": notes}}
        self.lab.namespace.patch("scanqueues", QUEUE, body).expect()

    def pod(self, scan: str) -> Mapping[str, Any] | None:
        """The newest version of a Pod of the ScanJob."""
        for event in reversed(self.lab.pods.events()):
            if event.name.startswith(f"{scan}-"):
                return None if event.type == "DELETED" else event.object
        return None

    def wait_struck(self, fault: Fault) -> None:
        """Wait until the fault has come about, and until it has killed if it kills."""
        self.until(self.operator.struck, f"make the request of {fault}")
        assert self.operator.struck(), f"ended before {fault}: {self.operator.story()}"
        if fault.kills:
            assert self.operator.ended(within_seconds=5)
            assert self.operator.exit_code() == -9, self.operator.story()

    def lose_redis(self) -> None:
        """Redis starts anew, and knows nothing, not even the scripts."""
        self._world.redis.restart()

    def settle(self, is_over: Callable[[], bool] | None = None) -> None:
        """Let all scans come to their end, or so far, under an operator that must not end."""
        is_over = is_over or self._is_over
        self.operator.wait_ready()
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not is_over():
            assert not self.operator.ended(), f"the operator ended: {self.operator.story()}"
            assert time.monotonic() < deadline, self._unsettled()
            self.kubelet.work()
            time.sleep(0.005)

    def judge(self, phases: Mapping[str, str], runs: Mapping[str, int]) -> None:
        """Judge from outside: limit, order of effects, runs and ends; nothing is left over."""
        verdict = self._audit.verdict()
        newest = self._newest()
        found = {
            item.name: DELETED if newest[item.name].type == "DELETED" else item.phase
            for item in verdict.scanjobs.values()
        }
        ran = {item.name: len(item.ran) for item in verdict.scanjobs.values()}
        ends = {item.name: item.finished for item in verdict.scanjobs.values()}
        assert verdict.violations == [], self._told(verdict)
        assert found == phases, self._told(verdict)
        assert ran == runs, self._told(verdict)
        assert ends == {name: self._ends_due(newest[name]) for name in phases}, self._told(verdict)
        assert self.kubelet.live() == [], "Pods are left over"
        with self._redis() as client:
            ledger = read_ledger(client, _INSTALLATION)
        assert (ledger.waiting, ledger.parked, ledger.holding) == ({}, {}, {})

    @staticmethod
    def _ends_due(newest: Event) -> int:
        """How often a ScanJob must have come to an end: once for each time it was to run."""
        if newest.type == "DELETED":
            return 0
        return 2 if "rerunToken" in newest.object["spec"] else 1

    def _begin(self, fault: Fault | None, *, armed: bool) -> None:
        self._free_lease()
        self._operator = self._world.operators.start(fault, armed=armed)

    def _free_lease(self) -> None:
        """The Lease of a killed operator would run out by itself, but in many seconds."""
        body = {"spec": {"holderIdentity": ""}}
        reply = self._world.cluster.request("PATCH", _LEASE, body, content_type=MERGE_PATCH)
        assert reply.ok or reply.code == 404, reply.message

    def _is_known(self, scan: str) -> bool:
        root = f"{{scanyard:{_INSTALLATION}}}:"
        with self._redis() as client:
            generation = client.hget(f"{root}ledger", "generation")
            jobs = client.hkeys(f"{root}{generation}:jobs")
        return any(f"/{scan}/" in job for job in jobs)

    def _is_over(self) -> bool:
        newest = self._newest()
        if newest.keys() < self._scans.keys() or not all(map(_has_ended, newest.values())):
            return False
        with self._redis() as client:
            return _is_empty(client)

    def _unsettled(self) -> str:
        jobs = {name: event.object for name, event in self._newest().items()}
        told = {name: (phase(job), job.get("status")) for name, job in jobs.items()}
        return f"never came to an end: {told}\n{self.operator.story()}"

    def _newest(self) -> dict[str, Event]:
        """The last that was heard of each ScanJob."""
        return {event.name: event for event in self.lab.scanjobs.events()}

    def _told(self, verdict: Verdict) -> str:
        return f"{verdict}\n{self.operator.story()}"

    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(self._world.redis.url, decode_responses=True)

    def _path(self, plural: str) -> str:
        return self.lab.namespace.path(plural)


def _has_ended(newest: Event) -> bool:
    """It is gone, or has come to its end and is not to run again."""
    spec, status = newest.object["spec"], newest.object.get("status") or {}
    if newest.type == "DELETED":
        return True
    again = spec.get("rerunToken") not in {None, status.get("rerunToken")}
    return condition(newest.object, "Finished") == "True" and not again


def _is_empty(client: redis.Redis) -> bool:
    try:
        state: LedgerState = read_ledger(client, _INSTALLATION)
    except AssertionError:
        return False  # read in the middle of a change
    return not (state.waiting or state.parked or state.holding)
