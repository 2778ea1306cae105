"""Users who change their minds: cancel, suspend, run again, delete, edit and delete queues."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.support.kube import MERGE_PATCH, Reply
from tests.support.scans import Lab, condition, resource

QUEUES: Final = {"red": 4, "green": 3, "blue": 2}
_LIMITS: Final = (1, 2, 3, 5, 8)


class Users:
    """Act on the ScanJobs and ScanQueues of one namespace; each action may be refused."""

    def __init__(self, lab: Lab, chance: random.Random) -> None:
        self._lab = lab
        self._chance = chance
        self._submitted = 0
        self._tokens = 0
        self._names: list[str] = []

    @property
    def submitted(self) -> int:
        """How many ScanJobs were created."""
        return self._submitted

    def open_queues(self, times: int = 1) -> None:
        """Create the queues that are not there, and give all their limits, so many times."""
        for name, limit in QUEUES.items():
            spec = {"maxConcurrent": limit * times, "stopPolicy": "None"}
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
        queue_actions = [self._limit, self._limit, self._hold, self._drop_queue]
        if not self._names or self._chance.random() < 0.2:
            return self._chance.choice(queue_actions)(self._chance.choice(list(QUEUES)))
        return self._chance.choice(actions)(self._chance.choice(self._names))

    def let_go(self, times: int) -> None:
        """Let everything come to its end: nothing suspended, all queues open, wider by so many."""
        self.open_queues(times)
        for name in self._names:
            self._patch("scanjobs", name, {"suspend": False})

    def _create(self, name: str) -> Reply:
        spec: dict[str, Any] = {
            "scanner": "nmap",
            "targets": ["192.0.2.1"],
            "queueRef": {"name": self._chance.choice(list(QUEUES))},
            "priority": self._chance.choice([-10, 0, 0, 0, 10]),
            "timeoutSeconds": 30,
        }
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
