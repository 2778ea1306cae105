"""How long `scanyard stop` looks on after the last scan: an operator may still create a Pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from scanyard.cli.emergency_stop import EmergencyStop
from scanyard.cli.objects import Objects, PodsOfQueues
from scanyard.lifecycle.pods.pod import PodState, read_pod
from tests.support.objects import NOW, raw_pod, raw_queue

_HELD = {"type": "Held", "status": "True", "reason": "EmergencyStop"}


class World:
    """One queue, whose operator confirms at some time, and creates a Pod at another."""

    def __init__(self, *, confirms_at: float, creates_at: float) -> None:
        self.time = 0.0
        self.confirms_at, self.creates_at = confirms_at, creates_at
        self.pod: PodState | None = None
        self.queue = raw_queue()

    def sleep(self, seconds: float) -> None:
        before, self.time = self.time, self.time + seconds
        if before < self.creates_at <= self.time:
            self.pod = read_pod(raw_pod(node=""))

    def queues(self) -> list[dict[str, Any]]:
        conditions = [_HELD] if self.time >= self.confirms_at else []
        return [{**self.queue, "status": {"conditions": conditions}}]

    def pods_of_queues(self) -> PodsOfQueues:
        return PodsOfQueues((self.pod,) if self.pod is not None else ())

    def annotate_queue(self, queue: dict[str, Any], notes: Mapping[str, str], **_: str) -> None:
        queue["metadata"]["annotations"] |= notes

    def delete_pod(self, pod: PodState) -> None:
        assert pod is self.pod
        self.pod = None


@pytest.mark.parametrize(
    ("confirms_at", "creates_at", "ends_at"),
    [
        (0, 99, (2, 3)),  # nothing runs, and the operator says that it knows
        (6, 4, (6, 7)),  # it had not heard yet, and started one more
        (99, 9, (21, 22)),  # it is not there to say so; the last of it arrives late
        (99, 99, (12, 13)),
    ],
)
def test_it_looks_on_until_the_operator_knows_or_for_12_seconds(
    confirms_at: float, creates_at: float, ends_at: tuple[float, float]
) -> None:
    world = World(confirms_at=confirms_at, creates_at=creates_at)
    stop = EmergencyStop(
        cast("Objects", world),
        "test",
        timeout_seconds=60,
        clock=lambda: 100 + world.time,
        sleep=world.sleep,
        now=lambda: NOW,
    )
    assert stop.run() == 0
    assert world.pod is None
    assert ends_at[0] <= world.time <= ends_at[1]
