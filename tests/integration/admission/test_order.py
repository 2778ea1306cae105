"""The order as a whole: random workloads through the real loop and Redis, and a plain simulator."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis as SyncRedis

from scanyard.queueing.connect import open_client
from scanyard.queueing.order import order_score
from tests.integration.admission.simulator import SimJob, SimQueue, Simulator
from tests.integration.admission.yard import Yard
from tests.support.objects import NOW
from tests.support.redis_server import RedisServer

_QUEUES = ("blue", "green", "red")
_NAMESPACES = ("team", "team-b", "ops")
_AGING = 600
_LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "slots": st.integers(0, 6),
    "priority": st.sampled_from([0, 0, 1, 2]),
    "packets": st.sampled_from([0, 0, 100, 250]),
    "per_target": st.sampled_from([0, 0, 1, 2]),
}
_SHARING: dict[str, st.SearchStrategy[Any]] = {
    "per_namespace": st.sampled_from([0, 0, 1, 2]),
    "fair": st.sampled_from([True, True, False]),
    "weights": st.dictionaries(st.sampled_from(_NAMESPACES), st.sampled_from([1, 2, 3, 10])),
}
_PLENTY = {"packets": st.just(0), "per_target": st.just(0)}
_CROWDED = {
    "slots": st.integers(4, 8),
    "weights": st.dictionaries(
        st.sampled_from(_NAMESPACES), st.sampled_from([2, 3, 10]), min_size=1
    ),
}
#: What is short decides what a workload can show: limits of queues, and of the installation.
_WORKLOADS = {
    "anything": (_LIMITS | _SHARING, st.sampled_from([0, 0, 4])),
    "no namespaces": (_LIMITS, st.sampled_from([0, 0, 4])),
    "namespaces in one queue": (_LIMITS | _SHARING | _PLENTY | _CROWDED, st.just(0)),
    "queues": (_LIMITS | _PLENTY | {"slots": st.integers(2, 6)}, st.integers(1, 4)),
}
#: A parked list is looked at so far in one round; who stands behind is not compared.
_MOST_WAITING = 16
_TARGETS = st.sampled_from(
    ["192.0.2.0/24", "192.0.2.0/28", "192.0.2.16/28", "192.0.2.3", "198.51.100.0/25", "10.0.0.0/8"]
)
#: What can ever fit into the smallest budget.
_RATES = st.sampled_from([1, 10, 40, 60, 100])


class OrderMachine(RuleBasedStateMachine):
    """Users submit and change, scans end, platforms change limits; after each step both admit."""

    server: RedisServer
    redis: SyncRedis

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushall()
        self.runner = asyncio.Runner()
        self.client = open_client(self.server.url)
        self.simulator = Simulator()

    def teardown(self) -> None:
        self.runner.run(_close(self.client))
        self.runner.close()

    @initialize(
        packets=st.sampled_from([0, 0, 300]),
        workload=st.sampled_from(sorted(_WORKLOADS)),
        data=st.data(),
    )
    def begin(self, packets: int, workload: str, data: st.DataObject) -> None:
        limits, installation_slots = _WORKLOADS[workload]
        self.limits, slots = st.fixed_dictionaries(limits), data.draw(installation_slots)
        if limits["packets"] is _PLENTY["packets"]:
            packets = 0
        self.most_waiting = _MOST_WAITING if "fair" in limits or packets else 1000
        self.queues = _QUEUES[:1] if workload == "namespaces in one queue" else _QUEUES
        self.simulator.installation_slots = slots
        self.simulator.installation_packets = packets
        self.yard = Yard(self.client, max_concurrent_scans=slots, packets_per_second=packets)
        for name in _QUEUES:
            self._set(name, data.draw(self.limits))
        self.runner.run(self.yard.begin())
        if workload == "namespaces in one queue":
            self.most_waiting = 1000  # nobody is put aside
            for namespace in _NAMESPACES:
                self.submit("blue", 0, 100, 1, "192.0.2.3", namespace, 6)
        self._admit()

    @rule(
        queue=st.sampled_from(_QUEUES),
        priority=st.integers(-2, 2),
        age=st.integers(0, 2000),
        packets=_RATES,
        network=_TARGETS,
        namespace=st.sampled_from(_NAMESPACES),
        count=st.integers(1, 6),
    )
    def submit(
        self,
        queue: str,
        priority: int,
        age: int,
        packets: int,
        network: str,
        namespace: str,
        count: int,
    ) -> None:
        if queue not in self.queues:
            queue = self.queues[0]
        for _ in range(min(count, self.most_waiting - len(self._waiting()))):
            name = f"job-{len(self.simulator.jobs):03}"
            spec = {
                "priority": priority,
                "targets": [network],
                "nmap": {"packetsPerSecond": packets},
            }
            self.yard.job(name, queue, namespace=namespace, age_seconds=age, **spec)
            score = _score(age, priority)
            job = SimJob(name, queue, score, packets, network, age, namespace)
            self.simulator.jobs[name] = job
        self._admit()

    @precondition(lambda self: self.simulator.running())
    @rule(data=st.data())
    def end_some(self, data: st.DataObject) -> None:
        running = sorted(job.name for job in self.simulator.running())
        for name in data.draw(st.sets(st.sampled_from(running), min_size=1, max_size=3)):
            self.yard.end(name)
            self.simulator.jobs[name].state = "ended"
        self._admit()

    @rule(queue=st.sampled_from(_QUEUES), data=st.data())
    def change_limits(self, queue: str, data: st.DataObject) -> None:
        self._set(queue, data.draw(self.limits))
        self._admit()

    @precondition(lambda self: self._waiting())
    @rule(data=st.data(), priority=st.integers(-2, 2))
    def change_priority(self, data: st.DataObject, priority: int) -> None:
        job = self.simulator.jobs[data.draw(st.sampled_from(self._waiting()))]
        self.yard.change(job.name, priority=priority)
        job.score = _score(job.age, priority)
        self._admit()

    @precondition(lambda self: self._waiting())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self._waiting()))
        self.yard.change(name, cancel=True)
        self.simulator.jobs[name].state = "ended"
        self._admit()

    @rule()
    def lose_the_ledger(self) -> None:
        self.redis.flushall()
        self.runner.run(self.yard.begin())
        self._admit()

    def _waiting(self) -> list[str]:
        return sorted(job.name for job in self.simulator.waiting())

    def _set(self, queue: str, limits: dict[str, Any]) -> None:
        self.simulator.queues[queue] = SimQueue(**limits)
        spec: dict[str, Any] = {
            "maxConcurrent": limits["slots"],
            "priority": limits["priority"],
            "agingSeconds": _AGING,
            # How often others may go past is a question of its own.
            "maxOvertakes": 10_000,
        }
        if limits["packets"]:
            spec["packetsPerSecond"] = limits["packets"]
        if limits["per_target"]:
            spec["maxConcurrentPerTarget"] = limits["per_target"]
        if limits.get("per_namespace"):
            spec["maxConcurrentPerNamespace"] = limits["per_namespace"]
        if limits.get("fair"):
            weights = [{"namespace": n, "weight": w} for n, w in limits["weights"].items()]
            spec |= {"ordering": "FairShare", "fairShare": {"weights": weights}}
        self.yard.queue(queue, **spec)

    def _admit(self) -> None:
        self.simulator.admit()
        self.runner.run(self.yard.work())

    @invariant()
    def the_same_run(self) -> None:
        assert self.yard.running() == {job.name for job in self.simulator.running()}

    @invariant()
    def positions_are_those_of_the_simulator(self) -> None:
        """Those that are kept aside, or whose namespace is at its limit, are told no place."""
        for queue in self.simulator.queues:
            waiting = [job.name for job in self.simulator.waiting(queue)]
            line = self.simulator.line(queue, self.yard.parked(waiting))
            told = self.runner.run(self.yard.positions(queue, waiting))
            assert {name: place for name, place in told.items() if place is not None} == {
                name: place for place, name in enumerate(line, 1)
            }


def _score(age: int, priority: int) -> float:
    return order_score(int((NOW.timestamp() - age) * 1000), priority, _AGING)


async def _close(client: Any) -> None:
    await client.aclose()


def test_the_loop_admits_whom_the_simulator_admits(shared_redis: RedisServer) -> None:
    with SyncRedis.from_url(shared_redis.url) as admin:

        class Machine(OrderMachine):
            server = shared_redis
            redis = admin

        run_state_machine_as_test(Machine, settings=settings(stateful_step_count=25))
