"""A Lease as a lock: who may take it, when, and until when it may be relied upon."""

from __future__ import annotations

from typing import Any, cast

import pytest

from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeUnavailableError
from scanyard.kube.lease import Lease, LeaseLostError
from tests.unit.kube.leases import Leases

SECONDS = 15.0
#: By the API server's clock.
UNIX_TIME = 1_700_000_000.5


class Clock:
    """CLOCK_BOOTTIME, set by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def candidate(leases: Leases, clock: Clock, identity: str) -> Lease:
    kube = cast("KubeClient", leases.client())
    return Lease(
        kube,
        "kube-system",
        identity=identity,
        seconds=SECONDS,
        unix_seconds=lambda: UNIX_TIME,
        clock=clock,
    )


def spec(leases: Leases) -> dict[str, Any]:
    found: dict[str, Any] = leases.objects["kube-system"]["spec"]
    return found


async def test_first_fence_is_the_time_of_the_api_server(leases: Leases, clock: Clock) -> None:
    """Whoever makes it anew after it was deleted, by whatever clock of their own, is above."""
    lease = candidate(leases, clock, "a")
    assert await lease.try_acquire() == ""
    assert lease.fence == 1_700_000_000
    assert spec(leases)["holderIdentity"] == "a"
    assert spec(leases)["renewTime"] == "2023-11-14T22:13:20.500000Z"
    lease.check()


async def test_held_lease_is_taken_only_after_its_whole_time_without_renewal(
    leases: Leases, clock: Clock
) -> None:
    first, second = candidate(leases, clock, "a"), candidate(leases, clock, "b")
    await first.try_acquire()
    assert await second.try_acquire() == "a"
    clock.now += SECONDS - 0.1
    assert await second.try_acquire() == "a"
    assert second.seconds_left == pytest.approx(0.1)
    await first.renew()
    clock.now += SECONDS - 0.1
    assert await second.try_acquire() == "a", "it was renewed"
    clock.now += second.seconds_left
    assert await second.try_acquire() == ""
    assert second.fence == first.fence + 1


async def test_whoever_comes_later_waits_the_whole_time_too(leases: Leases, clock: Clock) -> None:
    """Its renewTime says nothing: the clocks of two machines may differ by any amount."""
    await candidate(leases, clock, "a").try_acquire()
    clock.now += 10 * SECONDS
    late = candidate(leases, clock, "b")
    assert await late.try_acquire() == "a"
    clock.now += SECONDS
    assert await late.try_acquire() == ""


async def test_holder_stops_relying_on_it_before_anybody_may_take_it(
    leases: Leases, clock: Clock
) -> None:
    lease = candidate(leases, clock, "a")
    await lease.try_acquire()
    clock.now += SECONDS * 0.8 - 0.01
    lease.check()
    clock.now += 0.02
    with pytest.raises(LeaseLostError, match="in time"):
        lease.check()


async def test_time_of_a_renewal_counts_from_before_it_was_sent(
    leases: Leases, clock: Clock
) -> None:
    lease = candidate(leases, clock, "a")
    await lease.try_acquire()

    def on_the_way() -> None:
        clock.now += 10.0

    leases.on_the_way = on_the_way
    await lease.renew()
    clock.now += SECONDS * 0.8 - 10.0
    with pytest.raises(LeaseLostError):
        lease.check()


async def test_renewal_of_a_lease_that_another_took_says_who(leases: Leases, clock: Clock) -> None:
    first, second = candidate(leases, clock, "a"), candidate(leases, clock, "b")
    await first.try_acquire()
    await second.try_acquire()
    clock.now += SECONDS
    await second.try_acquire()
    with pytest.raises(LeaseLostError, match="held by b"):
        await first.renew()


async def test_deleted_lease_is_lost(leases: Leases, clock: Clock) -> None:
    lease = candidate(leases, clock, "a")
    await lease.try_acquire()
    leases.objects.clear()
    with pytest.raises(LeaseLostError, match="gone"):
        await lease.renew()


async def test_somebody_s_label_is_no_loss(leases: Leases, clock: Clock) -> None:
    lease = candidate(leases, clock, "a")
    await lease.try_acquire()
    leases.objects["kube-system"]["metadata"]["resourceVersion"] = "77"
    await lease.renew()
    clock.now += SECONDS * 0.7
    await lease.renew()
    clock.now += SECONDS * 0.7
    lease.check()


@pytest.mark.parametrize("fault", ["refused", "unanswered"])
async def test_renewal_without_an_answer_prolongs_nothing_and_is_repeated(
    leases: Leases, clock: Clock, fault: str
) -> None:
    lease = candidate(leases, clock, "a")
    await lease.try_acquire()
    clock.now += SECONDS * 0.5
    leases.fault = fault
    with pytest.raises(KubeUnavailableError):
        await lease.renew()
    await lease.renew()
    await lease.renew()
    clock.now += SECONDS * 0.7
    lease.check()


@pytest.mark.parametrize("there_was_one", [False, True])
async def test_taking_it_without_an_answer_is_found_out(
    leases: Leases, clock: Clock, there_was_one: bool
) -> None:
    if there_was_one:
        before = candidate(leases, clock, "z")
        await before.try_acquire()
        await before.release()
    lease = candidate(leases, clock, "a")
    leases.fault = "unanswered"
    with pytest.raises(KubeUnavailableError):
        await lease.try_acquire()
    with pytest.raises(LeaseLostError):
        lease.check()
    fence = spec(leases)["leaseTransitions"]
    assert await lease.try_acquire() == ""
    assert lease.fence == fence, "the same leadership"
    lease.check()


async def test_released_lease_is_free_at_once(leases: Leases, clock: Clock) -> None:
    first, second = candidate(leases, clock, "a"), candidate(leases, clock, "b")
    await first.try_acquire()
    fence = first.fence
    await first.release()
    with pytest.raises(LeaseLostError):
        first.check()
    assert await second.try_acquire() == ""
    assert second.fence == fence + 1


async def test_release_can_raise_the_next_fence(leases: Leases, clock: Clock) -> None:
    first, second = candidate(leases, clock, "a"), candidate(leases, clock, "b")
    await first.try_acquire()
    await first.release(at_least=2_000_000_000)
    await second.try_acquire()
    assert second.fence == 2_000_000_001


async def test_of_two_that_try_at_once_one_gets_it(leases: Leases, clock: Clock) -> None:
    before = candidate(leases, clock, "z")
    await before.try_acquire()
    await before.release()
    first, second = candidate(leases, clock, "a"), candidate(leases, clock, "b")
    raced = []

    def other_first() -> None:
        leases.on_the_way = lambda: None
        raw = leases.objects["kube-system"]
        taken = raw["spec"] | {"holderIdentity": "b", "leaseTransitions": 9}
        raced.append(leases.replace("kube-system", raw | {"spec": taken}))

    leases.on_the_way = other_first
    assert await first.try_acquire() == "another candidate"
    assert await first.try_acquire() == "b"
    assert await second.try_acquire() == ""
    assert raced
