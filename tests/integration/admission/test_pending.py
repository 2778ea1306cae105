"""limits.maxPending: of each namespace so many wait in a queue; the others enter in their turn."""

from __future__ import annotations

import random
from typing import Any

import pytest
from redis.asyncio import Redis

from scanyard.controller.admission.waiting_reason import waiting_reason
from scanyard.lifecycle.decision import Holding, Parked, Waiting
from tests.integration.admission.yard import Yard

_QUEUE = "team/q"
_KEPT = "pending/team/q/team"


def shared(yard: Yard, most: int | None, **spec: Any) -> None:
    """The queue q, with that maxPending, for all namespaces."""
    limits = {} if most is None else {"maxPending": most}
    yard.queue(
        "q", **{"maxConcurrent": 1, "allowedNamespaces": {"from": "All"}} | spec, limits=limits
    )


def places(yard: Yard) -> dict[str, str]:
    """Where each ScanJob stands: holding, waiting, or its blocker."""
    found = {}
    for uid, standing in yard.context.placement.items():
        place = standing.place
        kind = "holding" if isinstance(place, Holding) else "waiting"
        found[uid.removeprefix("uid-")] = place.blocker if isinstance(place, Parked) else kind
    return found


def kept(yard: Yard) -> set[str]:
    return {name for name, place in places(yard).items() if place.startswith("pending/")}


async def test_those_beyond_enter_in_order_as_others_leave_and_none_is_lost(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 2)
    names = [f"j{number}" for number in range(8)]
    for number, name in enumerate(names):
        yard.job(name, "q", age_seconds=100 - number)
    await yard.work()
    assert sorted(places(yard).values()) == ["holding"] + [_KEPT] * 5 + ["waiting"] * 2
    ran = []
    while yard.running():
        (running,) = yard.running()
        ran.append(running)
        before = kept(yard)
        yard.end(running)
        await yard.work()
        entered = before - kept(yard)
        assert entered == set(sorted(before)[: len(entered)]), "they enter in the queue's order"
        assert len(kept(yard)) == max(len(before) - 1, 0)
    assert sorted(ran) == names


async def test_many_that_come_at_the_same_time_do_not_slip_in(redis: Redis) -> None:
    """64 are looked at side by side, and each waits for the ledger's answer."""
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 5, maxConcurrent=0)
    for number in range(300):
        yard.job(f"j{number:03}", "q")
    await yard.work()
    assert len(kept(yard)) == 295
    assert yard.context.pending.count(_QUEUE, "team") == 5


async def test_each_namespace_has_its_own(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 2, maxConcurrent=0)
    for number in range(4):
        yard.job(f"a{number}", "q")
        yard.job(f"b{number}", "q", namespace="other")
    yard.job("c0", "q", namespace="third")
    await yard.work()
    counts = {of: yard.context.pending.count(_QUEUE, of) for of in ("team", "other", "third")}
    assert counts == {"team": 2, "other": 2, "third": 1}
    assert yard.context.placement.waiting(_QUEUE) == 9, "the queue's status counts them all"


async def test_the_reason_says_what_to_expect(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 1, maxConcurrent=0)
    yard.job("first", "q")
    await yard.work()
    yard.job("second", "q")
    await yard.work()
    job = yard.context.mirror.jobs.get("uid-second")
    assert job is not None
    reason, message = waiting_reason(yard.context, job, yard.context.queue_of(job))
    assert reason == "TooManyPending"
    assert message == (
        "1 ScanJobs of namespace team wait in queue q, which takes 1 of each namespace at once "
        "(limits.maxPending); this one enters when one of them has begun or is gone"
    )


async def test_of_those_kept_back_the_most_urgent_enters_first(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 1)
    for name in ("runs", "waits"):
        yard.job(name, "q")
        await yard.work()
    yard.job("old", "q", age_seconds=500)
    yard.job("urgent", "q", priority=50)
    await yard.work()
    assert kept(yard) == {"old", "urgent"}
    yard.end("runs")
    await yard.work()
    assert yard.running() == {"waits"}
    assert kept(yard) == {"old"}


@pytest.mark.parametrize("most", [3, None])
async def test_a_limit_that_is_raised_or_removed_lets_them_in(
    redis: Redis, most: int | None
) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 1, maxConcurrent=0)
    for number in range(40):
        yard.job(f"j{number:02}", "q")
    await yard.work()
    shared(yard, most, maxConcurrent=0)
    await yard.work()
    assert len(kept(yard)) == (0 if most is None else 37)


async def test_who_is_in_stays_in_when_the_limit_is_lowered(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 4, maxConcurrent=0)
    for number in range(4):
        yard.job(f"j{number}", "q")
    await yard.work()
    shared(yard, 1, maxConcurrent=0)
    yard.job("new", "q", age_seconds=1000)
    await yard.work()
    assert kept(yard) == {"new"}
    for number in range(3):
        yard.change(f"j{number}", suspend=True)
    await yard.work()
    assert kept(yard) == {"new"}, "one is in, and that is all there may be"
    yard.change("j3", suspend=True)
    await yard.work()
    assert kept(yard) == set()


async def test_who_waits_for_something_of_its_own_does_not_count_yet(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 1, maxConcurrent=0, scope={"allow": ["198.18.0.0/24"]})
    yard.job("elsewhere", "q", targets=["192.0.2.1"])
    yard.job("later", "q", notBefore="2999-01-01T00:00:00Z")
    await yard.work()
    yard.job("now", "q")
    await yard.work()
    assert places(yard) == {"elsewhere": "scope", "later": "not-before", "now": "waiting"}
    shared(yard, 1, maxConcurrent=0)
    await yard.work()
    assert places(yard)["elsewhere"] == _KEPT


async def test_after_a_takeover_the_first_in_order_are_in(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 3, maxConcurrent=0)
    for number in range(9):
        yard.job(f"j{number}", "q", age_seconds=number)
    await yard.work()
    other = yard.successor()
    await other.begin()
    await other.work()
    assert kept(other) == {f"j{number}" for number in range(6)}
    waits = {name for name, place in places(other).items() if place == "waiting"}
    assert waits == {"j6", "j7", "j8"}


async def test_a_ledger_that_is_rebuilt_has_the_same_in_it(redis: Redis) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 3, maxConcurrent=0)
    for number in range(9):
        yard.job(f"j{number}", "q", age_seconds=number)
        await yard.work()
    before = places(yard)
    await yard.begin()
    await yard.work()
    assert places(yard) == before


class _Story:
    """What people do to ScanJobs of two namespaces; `alive` are those that are to run."""

    def __init__(self, yard: Yard, seed: int) -> None:
        self.yard = yard
        self.alive: set[str] = set()
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._created = 0

    async def step(self) -> None:
        """One thing happens; sometimes the leader comes to rest after it."""
        await self._chance.choice(
            [self._create, self._create, self.end, self._suspend, self._cancel, self._rebuild]
        )()
        if self._chance.random() < 0.7:
            await self.yard.work()
            _check(self.yard)

    async def _create(self) -> None:
        self._created += 1
        name = f"j{self._created:03}"
        self.alive.add(name)
        namespace = self._chance.choice(["team", "other"])
        self.yard.job(name, "q", namespace=namespace, age_seconds=self._chance.randrange(500))

    async def end(self) -> None:
        """One that runs has ended."""
        if running := sorted(self.yard.running() & self.alive):
            name = self._chance.choice(running)
            self.yard.end(name)
            self.alive.discard(name)

    async def _suspend(self) -> None:
        if name := self._idle():
            self.yard.change(name, suspend=self._chance.random() < 0.5)

    async def _cancel(self) -> None:
        if name := self._idle():
            self.yard.change(name, cancel=True)
            self.alive.discard(name)

    async def _rebuild(self) -> None:
        await self.yard.begin()

    def _idle(self) -> str:
        return next(iter(sorted(self.alive - self.yard.running())), "")


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_the_limit_holds_and_nobody_is_forgotten(
    redis: Redis, seed: int
) -> None:
    yard = Yard(redis)
    await yard.begin()
    shared(yard, 3, maxConcurrent=2)
    story = _Story(yard, seed)
    for _ in range(120):
        await story.step()
    await yard.work()
    for name in sorted(story.alive - yard.running()):
        yard.change(name, suspend=False)
    await yard.work()
    while yard.running():
        await story.end()
        await yard.work()
        _check(yard)
    assert story.alive == set(), "all that were not cancelled ran"


def _check(yard: Yard) -> None:
    for of in ("team", "other"):
        count = yard.context.pending.count(_QUEUE, of)
        inside = [
            standing
            for _, standing in yard.context.placement.items()
            if isinstance(standing.place, Waiting) and standing.member.startswith(f"{of}/")
        ]
        assert count == len(inside) <= 3
        if yard.context.placement.parked(f"pending/{_QUEUE}/{of}"):
            assert count == 3, f"there is room for one of {of}, and nobody enters"


async def test_one_end_costs_the_same_however_many_are_kept_back(
    redis: Redis,
) -> None:
    costs = []
    for number in (20, 1000):
        await redis.flushdb()
        yard = Yard(redis)
        await yard.begin()
        shared(yard, 2)
        for job in range(number):
            yard.job(f"j{job:04}", "q")
        await yard.work()
        assert len(kept(yard)) == number - 3
        before = await _commands(redis)
        yard.end(*yard.running())
        await yard.work()
        costs.append(await _commands(redis) - before)
    assert costs[0] == costs[1] > 0


async def _commands(redis: Redis) -> int:
    """How many it has processed."""
    return int((await redis.info("stats"))["total_commands_processed"])
