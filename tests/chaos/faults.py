"""What a cluster does to an operator. Each fault says in words what it did."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from tests.chaos.world import World

#: How often each kind comes, relative to the others.
_WEIGHTS: Final = {
    "kill_leader": 5,
    "kill_standby": 2,
    "freeze_leader": 4,
    "flush_redis": 3,
    "restart_redis": 3,
    "roll_redis_back": 3,
    "silence_redis": 3,
    "cut_redis": 4,
    "restart_api_server": 2,
    "delete_lease": 1,
    "delete_pod": 6,
    "force_delete_pod": 2,
    "turn_clock": 3,
}
#: How long a fault waits for something that it can break, before another is drawn.
_PATIENCE_SECONDS: Final = 20.0


class Faults:
    """Draws faults; what must be undone later is left to the world's clock."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._drawn: tuple[Callable[[], str | None], float] | None = None
        self._snapshot = self._take_snapshot()

    def strike(self) -> str | None:
        """One fault; returns what it was, None while there is nothing that it could break."""
        if self._drawn is None:
            (name,) = self._chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            self._drawn = getattr(self, name), time.monotonic() + _PATIENCE_SECONDS
        fault, until = self._drawn
        told = fault()
        if told is not None or time.monotonic() > until:
            self._drawn = None
        return told

    def kill_leader(self) -> str | None:
        """SIGKILL; the Lease is left to run out."""
        leader = self._world.replicas.leader()
        if leader is None:
            return None
        leader.signal(signal.SIGKILL)
        return f"kill the leader {leader.name}"

    def kill_standby(self) -> str:
        """SIGKILL to the other one."""
        leader = self._world.replicas.leader()
        standby = next(one for one in self._world.replicas.all if one is not leader)
        standby.signal(signal.SIGKILL)
        return f"kill the standby {standby.name}"

    def freeze_leader(self) -> str | None:
        """SIGSTOP, most times for longer than its Lease."""
        leader = self._world.replicas.leader()
        if leader is None:
            return None
        seconds = self._world.lease_seconds * self._chance.choice([0.3, 1.2, 1.5, 2.0])
        leader.signal(signal.SIGSTOP)
        self._world.later(seconds, lambda: leader.signal(signal.SIGCONT))
        return f"freeze the leader {leader.name} for {seconds:.1f} s"

    def flush_redis(self) -> str:
        """FLUSHALL."""
        with self._world.redis_client() as client:
            client.flushall()
        return "flush Redis"

    def restart_redis(self) -> str:
        """SIGKILL, and an empty one."""
        self._world.redis.restart()
        return "restart Redis"

    def roll_redis_back(self) -> str:
        """SIGKILL, and one with the snapshot that was taken last time."""
        older, self._snapshot = self._snapshot, self._take_snapshot()
        self._world.redis.restart(older)
        return "roll Redis back"

    def silence_redis(self) -> str:
        """Commands are carried out, answers get lost."""
        seconds = self._chance.uniform(0.5, 4.0)
        proxy = self._world.proxy
        proxy.silence(silent=True)
        self._world.later(seconds, lambda: proxy.silence(silent=False))
        return f"lose Redis' answers for {seconds:.1f} s"

    def cut_redis(self) -> str:
        """A connection breaks before or after a command."""
        if self._chance.random() < 0.5:
            self._world.proxy.cut_before_server()
            return "cut Redis off before a command"
        self._world.proxy.cut_after_server()
        return "cut Redis off after a command"

    def restart_api_server(self) -> str:
        """SIGKILL, and up again over the same etcd, which may have forgotten what was."""
        if self._chance.random() < 0.5:
            self._world.restart_api_server()
            return "restart the API server"
        # No watch can be taken up: each must list anew.
        self._world.restart_api_server(self._world.history.compact)
        return "restart the API server, its etcd compacted"

    def delete_lease(self) -> str:
        """By a person's hand."""
        self._world.delete_lease()
        return "delete the Lease"

    def delete_pod(self) -> str | None:
        """As `kubectl delete pod` does it."""
        return self._delete({}, "delete")

    def force_delete_pod(self) -> str | None:
        """The Pod is gone at once, its container is not."""
        return self._delete({"gracePeriodSeconds": 0}, "delete by force")

    def turn_clock(self) -> str:
        """The wall clock of one machine jumps by an hour, and is set right after a while."""
        replica = self._chance.choice(self._world.replicas.all)
        hours, seconds = self._chance.choice([1, -1]), self._chance.uniform(2.0, 8.0)
        replica.clock.turn(timedelta(hours=hours))
        self._world.later(seconds, lambda: replica.clock.turn(timedelta(0)))
        return f"turn the clock of {replica.name} by {hours:+d} h for {seconds:.1f} s"

    def _take_snapshot(self) -> bytes:
        with self._world.redis_client() as client:
            client.save()
        return self._world.redis.read_snapshot()

    def _delete(self, options: dict[str, int], how: str) -> str | None:
        pods = [pod for lab in self._world.labs for pod in lab.list_pods()]
        live = [pod for pod in pods if pod["status"].get("phase") in {"Pending", "Running"}]
        if not live:
            return None
        meta = self._chance.choice(live)["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self._world.lab.cluster.request("DELETE", path, options)
        return f"{how} Pod {meta['name']}"
