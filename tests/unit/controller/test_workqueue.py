"""Keys: each once in the queue, once in work, again if it changed meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from scanyard.controller.workqueue import WorkQueue


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(time.monotonic)


async def take(queue: WorkQueue) -> str:
    """Take one key and be done with it at once."""
    async with asyncio.timeout(5), queue.next() as key:
        return key


async def test_a_key_that_is_added_twice_comes_once(queue: WorkQueue) -> None:
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert [await take(queue), await take(queue)] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_added_while_in_work_comes_again_afterwards(queue: WorkQueue) -> None:
    queue.add("a")
    async with queue.next() as key:
        queue.add(key)
        assert len(queue) == 0, "never in work twice at the same time"
    assert await take(queue) == "a"


async def test_a_waiting_worker_hears_of_a_new_key(queue: WorkQueue) -> None:
    taker = asyncio.create_task(take(queue))
    await asyncio.sleep(0)
    queue.add("late")
    assert await taker == "late"


async def test_several_waiting_workers_each_get_a_key(queue: WorkQueue) -> None:
    takers = [asyncio.create_task(take(queue)) for _ in range(3)]
    await asyncio.sleep(0)
    for key in "abc":
        queue.add(key)
    assert sorted(await asyncio.gather(*takers)) == ["a", "b", "c"]


async def test_later_keys_come_in_order_of_their_time(queue: WorkQueue) -> None:
    queue.add_after("second", 0.04)
    queue.add_after("first", 0.02)
    queue.add("now")
    assert [await take(queue) for _ in range(3)] == ["now", "first", "second"]


async def test_an_earlier_time_replaces_a_later_one(queue: WorkQueue) -> None:
    queue.add_after("a", 3600)
    queue.add_after("a", 0.01)
    assert await take(queue) == "a"


async def test_retries_wait_longer_and_success_forgets_them() -> None:
    now = 0.0
    queue = WorkQueue(lambda: now)

    async def waits(seconds: float) -> bool:
        nonlocal now
        now += seconds
        try:
            async with asyncio.timeout(0.01), queue.next():
                return True
        except TimeoutError:
            return False

    for _ in range(8):
        queue.retry("a")
        now += 60
        assert await waits(0)
    queue.retry("a")
    assert not await waits(5), "the ninth failure in a row waits for more than 5 s"
    assert await waits(30), "and never for more than 30 s"
    queue.succeeded("a")
    queue.retry("a")
    assert await waits(0.2)


async def test_a_taker_can_be_cancelled_together_with_an_arrival() -> None:
    """Or an operator that is told to stop while it is busy goes on for ever."""
    queue = WorkQueue(lambda: 0.0)
    queue.add_after("later", 1000.0)  # it waits with a time limit

    async def take() -> None:
        async with queue.next():
            await asyncio.sleep(0)

    taker = asyncio.create_task(take())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    queue.add("now")
    await asyncio.sleep(0)  # the event is set and on its way to the taker
    taker.cancel()
    await asyncio.wait({taker}, timeout=5)
    assert taker.cancelled()
