"""Redis goes away in the middle of a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from scanyard.queueing.errors import LedgerUnavailable
from scanyard.queueing.operations import Operation, Park
from tests.integration.admission.yard import Yard


async def test_whoever_was_chosen_and_never_asked_is_not_in_its_own_way(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard(redis)
    yard.queue("blue", maxConcurrentPerTarget=1)
    yard.queue("red", packetsPerSecond=100)
    await yard.begin()
    for name in ("runs", "short"):
        yard.job(name, "red", nmap={"packetsPerSecond": 60}, targets=["192.0.2.1"])
    await yard.work()
    assert yard.blocker("short") == "packets/team/red"

    apply = yard.ledger.apply

    async def away(operations: Sequence[Operation]) -> Any:
        if any(isinstance(operation, Park) for operation in operations):
            raise LedgerUnavailable("Redis is away")
        return await apply(operations)

    # Blue's has been chosen when red's is put aside.
    yard.job("chosen", "blue", targets=["192.0.2.2"])
    yard.job("more", "red", nmap={"packetsPerSecond": 50}, targets=["192.0.2.3"])
    with monkeypatch.context() as patch:
        patch.setattr(yard.ledger, "apply", away)
        with pytest.raises(LedgerUnavailable):
            await yard.work()
    await yard.begin()
    await yard.work()
    assert "chosen" in yard.running()
