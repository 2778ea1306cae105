"""The platform's people, who change their minds: edit, hold, delete and re-create queues."""

from __future__ import annotations

import random
from http import HTTPStatus
from typing import Any, Final

from tests.chaos.rules import CLOSED, REFUSED_TEMPLATE
from tests.support.kube import MERGE_PATCH, Reply
from tests.support.scans import Lab, resource

QUEUES: Final = {"red": 4, "green": 3, "blue": 2}
_LIMITS: Final = (1, 2, 3, 5, 8)
#: The queue with a packet budget, and what that may be; all rates that are asked for fit into each.
PACED: Final = "red"
_BUDGETS: Final = (60, 90, 200)
#: Taken away where all is to come to its end.
_NO_LIMITS: Final = dict.fromkeys(
    (
        "scope",
        "limits",
        "defaults",
        "podTemplate",
        "maxConcurrentPerNamespace",
        "maxConcurrentPerNode",
    )
)
_RESOURCES: Final = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "1Gi"}}
_TEMPLATES: Final = (
    None,
    REFUSED_TEMPLATE,
    {"nodeSelector": {"kubernetes.io/hostname": "node-a"}, "resources": _RESOURCES},
    {"nodeSelector": {"kubernetes.io/hostname": "node-b"}},
)


class Platform:
    """Acts on the queues of one namespace; each action may be refused."""

    def __init__(self, lab: Lab, chance: random.Random) -> None:
        self._lab = lab
        self._chance = chance

    def open_queues(self, times: int = 1) -> None:
        """Create the queues that are not there, and give all their limits, so many times."""
        for name, limit in QUEUES.items():
            spec: dict[str, Any] = {
                "maxConcurrent": limit * times,
                "stopPolicy": "None",
                "maxConcurrentPerTarget": 1,
                "windows": [],
                "allowedScanners": [],
                "allowedNamespaces": {"from": "All"},
            }
            if name == PACED:
                spec["packetsPerSecond"] = max(_BUDGETS) * times
            reply = self._patch(name, spec | _NO_LIMITS)
            if reply.code == HTTPStatus.NOT_FOUND:
                reply = self._lab.namespace.create("scanqueues", resource("ScanQueue", name, spec))
            reply.expect()

    def act(self) -> str:
        """One thing that they do; returns what."""
        actions = [
            self._limit,
            self._limit,
            self._hold,
            self._drop_queue,
            self._budget,
            self._window,
            self._scope,
            self._scanners,
            self._order,
            self._per_namespace,
            self._pending,
            self._consent,
            self._template,
            self._per_node,
            self._bounds,
            self._retention,
            self._urgency,
        ]
        return self._chance.choice(actions)(self._chance.choice(list(QUEUES)))

    def _limit(self, queue: str) -> str:
        limit = self._chance.choice(_LIMITS)
        self._patch(queue, {"maxConcurrent": limit})
        return f"limit {queue} to {limit}"

    def _budget(self, _queue: str) -> str:
        budget = self._chance.choice(_BUDGETS)
        self._patch(PACED, {"packetsPerSecond": budget})
        return f"packets of {PACED} to {budget}"

    def _hold(self, queue: str) -> str:
        policy = self._chance.choice(["None", "None", "Hold", "HoldAndDrain"])
        self._patch(queue, {"stopPolicy": policy})
        return f"stopPolicy {policy} for {queue}"

    def _window(self, queue: str) -> str:
        windows, policy = self._chance.choice(
            [([], "RunOn"), ([CLOSED], "RunOn"), ([CLOSED], "Drain")]
        )
        self._patch(queue, {"windows": windows, "windowEndPolicy": policy})
        return f"{'close' if windows else 'open'} {queue} by its windows, {policy}"

    def _scope(self, queue: str) -> str:
        denied = self._chance.choice([[], ["192.0.2.0/28"], ["192.0.2.0/29", "192.0.2.20"]])
        scope = {"deny": denied} if denied else None
        self._patch(queue, {"scope": scope})
        return f"deny {', '.join(denied) or 'nothing'} in {queue}"

    def _scanners(self, queue: str) -> str:
        allowed = self._chance.choice([[], [], ["masscan"], ["nmap"]])
        self._patch(queue, {"allowedScanners": allowed})
        return f"{queue} runs {', '.join(allowed) or 'every scanner'}"

    def _order(self, queue: str) -> str:
        ordering = self._chance.choice(["Priority", "FairShare"])
        self._patch(queue, {"ordering": ordering})
        return f"ordering {ordering} for {queue}"

    def _per_namespace(self, queue: str) -> str:
        limit = self._chance.choice([None, 1, 2])
        self._patch(queue, {"maxConcurrentPerNamespace": limit})
        return f"each namespace runs {limit or 'any number'} in {queue}"

    def _pending(self, queue: str) -> str:
        limit = self._chance.choice([None, 1, 5])
        self._patch(queue, {"limits": {"maxPending": limit}})
        return f"{limit or 'any number'} may wait in {queue}"

    def _consent(self, queue: str) -> str:
        source = self._chance.choice(["All", "All", "Same"])
        self._patch(queue, {"allowedNamespaces": {"from": source}})
        return f"{queue} takes ScanJobs of {source}"

    def _template(self, queue: str) -> str:
        template = self._chance.choice(_TEMPLATES)
        # Its keys are taken away first: a merge would leave them.
        self._patch(queue, {"podTemplate": None})
        if template is not None:
            self._patch(queue, {"podTemplate": template})
        return f"podTemplate of {queue} to {template}"

    def _per_node(self, queue: str) -> str:
        limit = self._chance.choice([None, 1, 2, 3])
        self._patch(queue, {"maxConcurrentPerNode": limit})
        return f"each node runs {limit or 'any number'} of {queue}"

    def _bounds(self, queue: str) -> str:
        least, most = self._chance.choice([(None, None), (None, 130), (150, None), (10, 140)])
        bounds = {"minTimeoutSeconds": least, "maxTimeoutSeconds": most}
        self._patch(queue, {"limits": bounds})
        return f"timeouts of {queue} from {least or 'the least'} to {most or 'the most'}"

    def _retention(self, queue: str) -> str:
        seconds = self._chance.choice([None, None, 5, 20])
        self._patch(queue, {"defaults": {"ttlSecondsAfterFinished": seconds}})
        return f"{queue} keeps ScanJobs for {'ever' if seconds is None else f'{seconds} s'}"

    def _urgency(self, queue: str) -> str:
        priority = self._chance.choice([-10, 0, 10])
        self._patch(queue, {"priority": priority})
        return f"priority of {queue} to {priority}"

    def _drop_queue(self, queue: str) -> str:
        self._lab.cluster.request("DELETE", self._lab.namespace.path("scanqueues", queue))
        self.open_queues()
        return f"delete and create queue {queue}"

    def _patch(self, queue: str, spec: dict[str, Any]) -> Reply:
        path = self._lab.namespace.path("scanqueues", queue)
        return self._lab.cluster.request("PATCH", path, {"spec": spec}, content_type=MERGE_PATCH)
