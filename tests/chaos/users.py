"""Users who change their minds: cancel, suspend, run again, delete, edit and delete queues."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.support.kube import MERGE_PATCH, Reply
from tests.support.scans import Lab, condition, resource

QUEUES: Final = {"red": 4, "green": 3, "blue": 2}
_LIMITS: Final = (1, 2, 3, 5, 8)
#: The queue with a packet budget, and what that may be; all rates that are asked for fit into each.
PACED: Final = "red"
_BUDGETS: Final = (60, 90, 200)
_RATES: Final = (10, 20, 50)
#: Of ScanJobs that wait for an earlier one.
_DEPENDS: Final = 0.15
#: Some of these overlap; no queue starts a scan of what is being scanned.
_TARGETS: Final = (
    *(f"192.0.2.{number}" for number in range(40)),
    *("192.0.2.0/29", "192.0.2.32/30", "192.0.2.16-192.0.2.18"),
)


class Users:
    """Act on the ScanJobs and ScanQueues of one namespace; each action may be refused."""

    def __init__(self, lab: Lab, chance: random.Random) -> None:
        self._lab = lab
        self._chance = chance
        self._submitted = 0
        self._tokens = 0
        self._names: list[str] = []
        self._needs: dict[str, set[str]] = {}

    @property
    def submitted(self) -> int:
        """How many ScanJobs were created."""
        return self._submitted

    def open_queues(self, times: int = 1) -> None:
        """Create the queues that are not there, and give all their limits, so many times."""
        for name, limit in QUEUES.items():
            spec: dict[str, Any] = {
                "maxConcurrent": limit * times,
                "stopPolicy": "None",
                "maxConcurrentPerTarget": 1,
            }
            if name == PACED:
                spec["packetsPerSecond"] = max(_BUDGETS) * times
            if not self._patch("scanqueues", name, spec).ok:
                body = resource("ScanQueue", name, spec)
                self._lab.namespace.create("scanqueues", body).expect()

    def submit(self) -> None:
        """A new ScanJob."""
        name = f"scan-{self._submitted:04}"
        if self._create(name).ok:
            self._submitted += 1
            self._names.append(name)

    def act(self) -> str:
        """One thing that users do; returns what."""
        actions: list[Callable[[str], str]] = [
            self._cancel,
            self._suspend,
            self._resume,
            self._rerun,
            self._delete,
            self._recreate,
            self._prioritise,
        ]
        queue_actions = [self._limit, self._limit, self._hold, self._drop_queue, self._budget]
        if not self._names or self._chance.random() < 0.2:
            return self._chance.choice(queue_actions)(self._chance.choice(list(QUEUES)))
        return self._chance.choice(actions)(self._chance.choice(self._names))

    def let_go(self, times: int) -> None:
        """Let everything come to its end: nothing suspended, all queues open, wider by so many."""
        self.open_queues(times)
        for name in self._names:
            # What depends on one that was deleted would wait for ever.
            lost = not self._needs.get(name, set()) <= set(self._names)
            self._patch("scanjobs", name, {"suspend": False} | ({"cancel": True} if lost else {}))

    def _create(self, name: str) -> Reply:
        spec: dict[str, Any] = {
            "scanner": "nmap",
            "targets": [self._chance.choice(_TARGETS)],
            "nmap": {"packetsPerSecond": self._chance.choice(_RATES)},
            "queueRef": {"name": self._chance.choice(list(QUEUES))},
            "priority": self._chance.choice([-10, 0, 0, 0, 10]),
            "timeoutSeconds": 30,
        }
        # Of earlier ones only: no circle.
        earlier = [other for other in self._names if other < name]
        self._needs.pop(name, None)
        if earlier and self._chance.random() < _DEPENDS:
            first = self._chance.choice(earlier[-20:])
            self._needs[name] = {first}
            spec["dependsOn"] = [{"name": first, "condition": "Finished"}]
        return self._lab.namespace.create("scanjobs", resource("ScanJob", name, spec))

    def _cancel(self, name: str) -> str:
        self._patch("scanjobs", name, {"cancel": True})
        return f"cancel {name}"

    def _suspend(self, name: str) -> str:
        self._patch("scanjobs", name, {"suspend": True})
        return f"suspend {name}"

    def _resume(self, name: str) -> str:
        self._patch("scanjobs", name, {"suspend": False})
        return f"resume {name}"

    def _rerun(self, name: str) -> str:
        self._tokens += 1
        token = f"token-{self._tokens}"
        self._patch("scanjobs", name, {"rerunToken": token, "cancel": False})
        return f"rerun {name}"

    def _prioritise(self, name: str) -> str:
        self._patch("scanjobs", name, {"priority": self._chance.choice([-50, 50])})
        return f"prioritise {name}"

    def _delete(self, name: str) -> str:
        path = self._lab.namespace.path("scanjobs", name)
        if self._lab.cluster.request("DELETE", path).ok:
            self._names.remove(name)
        return f"delete {name}"

    def _recreate(self, name: str) -> str:
        self._delete(name)
        if self._create(name).ok:
            self._names.append(name)
        return f"delete and create {name}"

    def _limit(self, queue: str) -> str:
        limit = self._chance.choice(_LIMITS)
        self._patch("scanqueues", queue, {"maxConcurrent": limit})
        return f"limit {queue} to {limit}"

    def _budget(self, _queue: str) -> str:
        budget = self._chance.choice(_BUDGETS)
        self._patch("scanqueues", PACED, {"packetsPerSecond": budget})
        return f"packets of {PACED} to {budget}"

    def _hold(self, queue: str) -> str:
        policy = self._chance.choice(["None", "None", "Hold", "HoldAndDrain"])
        self._patch("scanqueues", queue, {"stopPolicy": policy})
        return f"stopPolicy {policy} for {queue}"

    def _drop_queue(self, queue: str) -> str:
        self._lab.cluster.request("DELETE", self._lab.namespace.path("scanqueues", queue))
        self.open_queues()
        return f"delete and create queue {queue}"

    def _patch(self, plural: str, name: str, spec: dict[str, Any]) -> Reply:
        path = self._lab.namespace.path(plural, name)
        return self._lab.cluster.request("PATCH", path, {"spec": spec}, content_type=MERGE_PATCH)


def is_finished(job: Any) -> bool:
    """Whether a ScanJob has come to its end, of the token that it asks for."""
    token = job["spec"].get("rerunToken")
    status = job.get("status") or {}
    # Before its first admission no token is recorded; a rerun that is wanted has not begun.
    ran = token is None or status.get("rerunToken") == token
    return condition(job, "Finished") == "True" and ran
