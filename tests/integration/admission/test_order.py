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
_AGING = 600
_LIMITS = st.fixed_dictionaries(
    {
        "slots": st.integers(0, 5),
        "priority": st.sampled_from([0, 0, 1]),
        "packets": st.sampled_from([0, 0, 100, 250]),
        "per_target": st.sampled_from([0, 0, 1, 2]),
    }
)
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
        slots=st.sampled_from([0, 0, 4]),
        packets=st.sampled_from([0, 0, 300]),
        limits=st.lists(_LIMITS, min_size=len(_QUEUES), max_size=len(_QUEUES)),
    )
    def begin(self, slots: int, packets: int, limits: list[dict[str, int]]) -> None:
        self.simulator.installation_slots = slots
        self.simulator.installation_packets = packets
        self.yard = Yard(self.client, max_concurrent_scans=slots, packets_per_second=packets)
        for name, found in zip(_QUEUES, limits, strict=True):
            self._set(name, found)
        self.runner.run(self.yard.begin())
        self._admit()

    @rule(
        queue=st.sampled_from(_QUEUES),
        priority=st.integers(-2, 2),
        age=st.integers(0, 2000),
        packets=_RATES,
        network=_TARGETS,
        count=st.integers(1, 3),
    )
    def submit(
        self, queue: str, priority: int, age: int, packets: int, network: str, count: int
    ) -> None:
        for _ in range(count):
            name = f"job-{len(self.simulator.jobs):03}"
            spec = {
                "priority": priority,
                "targets": [network],
                "nmap": {"packetsPerSecond": packets},
            }
            self.yard.job(name, queue, age_seconds=age, **spec)
            score = _score(age, priority)
            self.simulator.jobs[name] = SimJob(name, queue, score, packets, network, age)
        self._admit()

    @precondition(lambda self: self.simulator.running())
    @rule(data=st.data())
    def end_some(self, data: st.DataObject) -> None:
        running = sorted(job.name for job in self.simulator.running())
        for name in data.draw(st.sets(st.sampled_from(running), min_size=1, max_size=3)):
            self.yard.end(name)
            self.simulator.jobs[name].state = "ended"
        self._admit()

    @rule(queue=st.sampled_from(_QUEUES), limits=_LIMITS)
    def change_limits(self, queue: str, limits: dict[str, int]) -> None:
        self._set(queue, limits)
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
        return sorted(job.name for job in self.simulator.jobs.values() if job.state == "waiting")

    def _set(self, queue: str, limits: dict[str, int]) -> None:
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
        self.yard.queue(queue, **spec)

    def _admit(self) -> None:
        self.simulator.admit()
        self.runner.run(self.yard.work())

    @invariant()
    def the_same_run(self) -> None:
        assert self.yard.running() == {job.name for job in self.simulator.running()}


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
