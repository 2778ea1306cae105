"""Who is looked at when a ScanJob comes, changes or goes; chains, cascades and cycles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from scanyard.controller.admission.announcer import Announcer
from scanyard.controller.admission.ledger_sync import rebuild
from scanyard.controller.admission.loop import run_admission
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.queueing.readings import Head, QueueHeads
from tests.support.objects import at, open_attempt
from tests.unit.controller.shell import Ledger
from tests.unit.controller.yard import Yard, ended

PARKED = Parked("team/default", "dependency")
WAITING = Waiting("team/default")
_RUNS = open_attempt(startedAt=at(-4)) | {"phase": "Running"}


async def test_a_chain_goes_one_after_the_other() -> None:
    yard = Yard()
    for name, needs in (("c", ["b"]), ("b", ["a"]), ("a", [])):
        yard.create(name, *needs)
    await yard.settle()
    assert [yard.place(name) for name in "abc"] == [WAITING, PARKED, PARKED]

    yard.status("a", open_attempt())
    assert set(await yard.settle()) == {"a"}
    yard.status("a", ended("Succeeded"))
    assert "c" not in await yard.settle()
    assert [yard.place(name) for name in "abc"] == [None, WAITING, PARKED]

    yard.status("b", ended("Succeeded", dependenciesMetAt=at(0)))
    await yard.settle()
    assert yard.place("c") == WAITING


async def test_a_failure_goes_down_the_chain() -> None:
    yard = Yard()
    for name, needs in (("d", ["c"]), ("c", ["b"]), ("b", ["a"]), ("a", [])):
        yard.create(name, *needs)
    yard.create("other", "x")
    await yard.settle()

    yard.status("a", ended("Failed"))
    looked_at = await yard.settle()

    assert [yard.phase(name) for name in "bcd"] == ["Cancelled"] * 3
    assert [yard.place(name) for name in "bcd"] == [None] * 3
    reason, message = yard.told("d", "Stalled")
    assert reason == "DependencyFailed"
    assert "c ended as Cancelled" in message
    assert "other" not in looked_at


async def test_an_end_that_the_operator_itself_writes_is_heard_of() -> None:
    """The event of its own write is no news to the mirror."""
    yard = Yard()
    yard.create("a")
    yard.create("b", "a")
    await yard.settle()
    yard.spec("a", cancel=True)
    await yard.settle()
    assert (yard.phase("a"), yard.phase("b")) == ("Cancelled", "Cancelled")
    assert yard.told("b", "Finished")[0] == "DependencyFailed"


async def test_one_that_waits_on_goes_when_the_failed_one_was_run_again() -> None:
    yard = Yard()
    yard.create("a", status=ended("Failed"))
    yard.create("b", "a", dependencyFailurePolicy="Wait")
    await yard.settle()
    assert yard.place("b") == PARKED
    yard.spec("a", rerunToken="again")
    await yard.settle()
    assert (yard.place("a"), yard.place("b")) == (WAITING, PARKED)
    yard.status("a", ended("Succeeded", rerunToken="again"))
    await yard.settle()
    assert yard.place("b") == WAITING


async def test_what_is_missing_is_told_and_waited_for() -> None:
    yard = Yard()
    yard.create("b", "a")
    await yard.settle(announce=True)
    assert yard.told("b")[0] == "WaitingForDependency"
    assert "no ScanJob a in this namespace yet" in yard.told("b")[1]
    yard.create("a", status=ended("Succeeded"))
    await yard.settle()
    assert yard.place("b") == WAITING


async def test_who_waits_in_the_order_steps_back_when_a_dependency_goes() -> None:
    yard = Yard()
    yard.create("a", status=ended("Succeeded"))
    yard.create("b", "a")
    await yard.settle()
    assert yard.place("b") == WAITING
    yard.delete("a")
    await yard.settle()
    assert yard.place("b") == PARKED


async def test_a_namesake_counts_as_it_is() -> None:
    yard = Yard()
    yard.create("a", status=ended("Failed"))
    yard.delete("a")
    yard.create("b", "a")
    yard.create("a")
    await yard.settle()
    assert yard.place("b") == PARKED
    assert yard.phase("b") == "Pending"


async def test_a_change_reaches_its_dependents_only() -> None:
    """However many others wait, or have waited and are done."""
    yard = Yard()
    yard.create("a")
    for number in range(500):
        yard.create(f"other-{number}", "x")
        done = ended("Succeeded", dependenciesMetAt=at(0))
        yard.create(f"done-{number}", "a", status=done)
    for number in range(3):
        yard.create(f"dependent-{number}", "a")
    await yard.settle()
    yard.status("a", ended("Succeeded"))
    looked_at = await yard.settle()
    assert set(looked_at) == {"a", "dependent-0", "dependent-1", "dependent-2"}


async def test_what_changes_nothing_for_others_does_not_reach_them() -> None:
    yard = Yard()
    yard.create("a", status=_RUNS)
    yard.create("b", "a")
    await yard.settle()
    yard.status("a", _RUNS | {"progress": 50})
    assert "b" not in await yard.settle()


@pytest.mark.parametrize("leaves", ["deleted", "cancelled"])
async def test_a_cycle_is_told_to_all_of_it_until_it_is_broken(leaves: str) -> None:
    yard = Yard()
    for name, need in (("a", "b"), ("b", "c"), ("c", "d")):
        yard.create(name, need, dependencyFailurePolicy="Wait")
    yard.create("watcher", "a")
    await yard.settle(announce=True)
    assert "depends on itself" not in yard.told("a")[1]

    yard.create("d", "a", dependencyFailurePolicy="Wait")
    await yard.settle()
    for name, way in (
        ("a", "a → b → c → d → a"),
        ("b", "b → c → d → a → b"),
        ("c", "c → d → a → b → c"),
        ("d", "d → a → b → c → d"),
    ):
        assert yard.told(name) == (
            "WaitingForDependency",
            f"depends on itself: {way}; delete one of them and create it without dependsOn",
        )
    assert yard.told("watcher")[1] == "waits for a (waiting)"

    if leaves == "deleted":
        yard.delete("b")
    else:
        yard.spec("b", cancel=True)
    looked_at = await yard.settle()
    assert {"a", "c", "d"} <= set(looked_at)
    await yard.settle(announce=True)
    for name in "acd":
        assert "depends on itself" not in yard.told(name)[1]


async def test_what_is_told_is_renewed_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    yard = Yard()
    told = Announcer(yard.context, cast("Any", Ledger()))
    yard.context.placement.on_waiting = told.began_to_wait
    clock = [100.0]
    monkeypatch.setattr("scanyard.controller.admission.announcer.time.monotonic", lambda: clock[0])

    async def later(seconds: float = 33) -> None:
        clock[0] += seconds
        yard.now += timedelta(seconds=seconds)
        await told.announce()
        await yard.settle()

    yard.create("b", "a")
    await yard.settle()
    await later(3)
    assert "no ScanJob a" in yard.told("b")[1]
    yard.create("a")
    await yard.settle()
    await later(3)
    assert "no ScanJob a" in yard.told("b")[1], "the reason is the same, and 30 s are not over"
    await later()
    assert yard.told("b")[1] == "waits for a (waiting)"
    yard.status("a", _RUNS)
    await yard.settle()
    await later()
    assert yard.told("b")[1] == "waits for a (running)"
    yard.status("a", ended("Succeeded"))
    await yard.settle()
    await later(3)
    assert yard.told("b")[0] != "WaitingForDependency", "another reason is told at once"


async def test_a_new_leader_judges_all_anew() -> None:
    yard = Yard()
    yard.create("c", "b")
    yard.create("b", "a")
    yard.create("a", status=ended("Succeeded"))
    yard.create("d", "x")
    ledger = Ledger()
    await rebuild(yard.context, cast("Any", ledger))
    kinds = {line.split()[2].split("/")[1]: line.split()[0] for line in ledger.contents}
    assert kinds == {"b": "enqueue", "c": "park", "d": "park"}


class _Heads(Ledger):
    """Hands out one ScanJob's turn, whatever it waits for, and then ends the loop."""

    def __init__(self, member: str) -> None:
        super().__init__()
        self.member = member
        self.taken: list[object] = []

    async def heads(self, queues: list[str], _window: int) -> dict[str, Any]:
        return {queue: QueueHeads(1, 0, 0, (Head(self.member, 1.0),)) for queue in queues}

    async def submit_all(self, operations: list[Any]) -> list[Any]:
        self.taken.extend(operations)
        return await super().submit_all(operations)

    async def check(self) -> None:
        raise _EndedError


class _EndedError(Exception):
    """The test has seen enough."""


async def test_no_slot_is_taken_for_one_whose_dependency_is_not_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ledger may still have it in its order: the mirror is asked again."""
    yard = Yard()
    yard.create("a")
    yard.create("b", "a")
    uid = yard.api.jobs["b"]["metadata"]["uid"]
    ledger = _Heads(f"team/b/{uid}")
    yard.context.ledger = cast("Any", ledger)
    yard.context.queue_changed("team/default")
    monkeypatch.setattr("scanyard.controller.admission.loop._IDLE_SECONDS", 0.01)
    with pytest.raises(_EndedError):
        await run_admission(yard.context, cast("Any", ledger))
    assert ledger.taken == []
    assert uid in set(yard.context.dirty._waiting)
