"""One leader of an installation, and one installation where two overlap."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from scanyard.controller.leadership import Leadership
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeRefusedError
from scanyard.kube.lease import LeaseLostError
from tests.unit.kube.leases import Leases


class Told:
    """What a standby says."""

    def __init__(self) -> None:
        self._texts: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, why: str, in_order: bool) -> None:
        assert in_order
        self._texts.put_nowait(why)

    async def wait(self, text: str) -> None:
        """Until it says so."""
        async with asyncio.timeout(10):
            while text not in await self._texts.get():
                pass


def candidate(leases: Leases, name: str, *namespaces: str) -> Leadership:
    kube = cast("KubeClient", leases.client())
    return Leadership(kube, namespaces, identity=name, seconds=3, unix_seconds=time.time)


async def stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_second_replica_stands_by_until_the_first_lets_go() -> None:
    leases, told = Leases(), Told()
    first, second = candidate(leases, "a"), candidate(leases, "b")
    await first.acquire(told)
    taking_over = asyncio.create_task(second.acquire(told))
    await told.wait("a holds the Lease kube-system/scanyard")
    assert not taking_over.done()
    fence = first.fence

    await first.release()

    await asyncio.wait_for(taking_over, 10)
    second.check()
    assert second.fence == fence + 1
    with pytest.raises(LeaseLostError):
        first.check()


async def test_lease_for_each_watched_namespace() -> None:
    leases, told = Leases(), Told()
    both = candidate(leases, "a", "red", "blue")
    await both.acquire(told)
    assert set(leases.objects) == {"blue", "red"}
    waiting = candidate(leases, "b", "red")
    task = asyncio.create_task(waiting.acquire(told))
    await told.wait("a holds the Lease red/scanyard")
    await stop(task)


async def test_holder_of_a_part_gives_it_back() -> None:
    """Or two processes could each hold what the other waits for."""
    leases, told = Leases(), Told()
    await candidate(leases, "a", "red").acquire(told)
    task = asyncio.create_task(candidate(leases, "b", "red", "blue").acquire(told))
    await told.wait("a holds the Lease red/scanyard")
    await candidate(leases, "c", "blue").acquire(told)
    await stop(task)


@pytest.mark.parametrize("cluster_first", [True, False])
async def test_namespaced_and_cluster_wide_never_lead_together(cluster_first: bool) -> None:
    leases, told = Leases(), Told()
    pair = [candidate(leases, "cluster"), candidate(leases, "team", "red")]
    first, second = pair if cluster_first else reversed(pair)
    await first.acquire(told)
    task = asyncio.create_task(second.acquire(told))
    await told.wait("another installation leads there")
    await first.release()
    await asyncio.wait_for(task, 10)
    second.check()


async def test_other_installations_that_may_not_be_seen_are_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    leases = Leases()
    client = leases.client()

    async def refuse(*_: Any, **__: Any) -> Any:
        raise KubeRefusedError(403, "cannot list leases")

    monkeypatch.setattr(client, "list_all", refuse)
    leader = Leadership(
        cast("KubeClient", client), (), identity="a", seconds=3, unix_seconds=time.time
    )
    await leader.acquire(Told())
    leader.check()
    assert "cannot list leases" in caplog.text


async def test_lost_lease_ends_the_keeping() -> None:
    leases = Leases()
    leader = candidate(leases, "a")
    await leader.acquire(Told())
    leases.objects.clear()
    with pytest.raises(LeaseLostError, match="gone"):
        await asyncio.wait_for(leader.keep(), 10)


async def test_unanswered_renewals_are_repeated_while_there_is_time() -> None:
    leases, enough = Leases(), asyncio.Event()
    leader = candidate(leases, "a")
    await leader.acquire(Told())
    faults = ["unanswered", None, "refused", None]

    def on_the_way() -> None:
        leases.fault = faults.pop() if faults else None
        if not faults:
            enough.set()

    leases.on_the_way = on_the_way
    keeping = asyncio.create_task(leader.keep())
    await asyncio.wait_for(enough.wait(), 60)
    leader.check()
    assert not keeping.done()
    await stop(keeping)


async def test_waiting_for_another_installation_writes_nothing() -> None:
    leases, told, writes = Leases(), Told(), []
    await candidate(leases, "cluster").acquire(told)
    task = asyncio.create_task(candidate(leases, "team", "red").acquire(told))
    await told.wait("another installation leads there")
    leases.on_the_way = lambda: writes.append(1)
    for _ in range(3):
        await told.wait("another installation leads there")
    await stop(task)
    assert writes == []
