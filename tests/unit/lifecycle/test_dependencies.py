"""What must come first: waited for, told, met, failed; and ScanJobs that wait for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decision import Parked, Waiting
from scanyard.lifecycle.dependencies.dependency import (
    MOST_VISITED,
    Dependency,
    State,
    awaits,
    dependency_on,
    find_cycle,
    state_of,
)
from scanyard.lifecycle.dependencies.needs import Need
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.queue import read_queue
from tests.support.objects import (
    NOW,
    at,
    condition,
    open_attempt,
    raw_job,
    raw_pod,
    raw_queue,
    report,
    terminated,
)
from tests.unit.lifecycle.looking import ONCE, finished, look, told

PARKED: Final = Parked("team/default", "dependency")
SUCCEEDED: Final = {
    "observedGeneration": 1,
    "phase": "Succeeded",
    "finishedAt": at(-1),
    "conditions": [condition("Finished", "ScanComplete")],
}


def ended(phase: str) -> dict[str, Any]:
    return SUCCEEDED | {"phase": phase}


def on(
    *dependencies: tuple[str, State, str], which: str = "Succeeded", **view: Any
) -> dict[str, Any]:
    """Arguments of look: depends on these, which stand so (name, state, phase)."""
    needs = [Need(name, which) for name, _, _ in dependencies]
    stand = (
        Dependency(need, state, phase)
        for need, (_, state, phase) in zip(needs, dependencies, strict=True)
    )
    return {
        "dependsOn": [{"name": need.name, "condition": which} for need in needs],
        "view": {"dependencies": tuple(stand)} | view,
    }


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (None, State.MISSING),
        (raw_job(), State.WAITING),
        (raw_job(status={"phase": "Suspended"}), State.SUSPENDED),
        (raw_job(status=open_attempt()), State.WAITING),
        (raw_job(status=open_attempt() | {"phase": "Running"}), State.RUNNING),
        (raw_job(status=SUCCEEDED), State.SUCCEEDED),
        (raw_job(status=ended("Failed")), State.UNSUCCESSFUL),
        (raw_job(status=ended("TimedOut")), State.UNSUCCESSFUL),
        (raw_job(status=ended("Cancelled")), State.UNSUCCESSFUL),
        (raw_job(status=SUCCEEDED | {"rerunToken": "one"}, rerunToken="one"), State.SUCCEEDED),
        # It is about to run again, so it has not finished.
        (raw_job(status=SUCCEEDED, rerunToken="again"), State.WAITING),
        (raw_job(status=ended("Failed"), rerunToken="again"), State.WAITING),
    ],
)
def test_how_a_scanjob_stands_for_others(raw: Mapping[str, Any] | None, state: State) -> None:
    assert state_of(read_job(raw) if raw is not None else None) is state


@pytest.mark.parametrize(
    ("which", "state", "place"),
    [
        ("Succeeded", State.MISSING, PARKED),
        ("Succeeded", State.WAITING, PARKED),
        ("Succeeded", State.SUSPENDED, PARKED),
        ("Succeeded", State.RUNNING, PARKED),
        ("Succeeded", State.SUCCEEDED, Waiting("team/default")),
        ("Succeeded", State.UNSUCCESSFUL, None),
        ("Finished", State.MISSING, PARKED),
        ("Finished", State.RUNNING, PARKED),
        ("Finished", State.SUCCEEDED, Waiting("team/default")),
        ("Finished", State.UNSUCCESSFUL, Waiting("team/default")),
    ],
)
def test_where_it_waits(which: str, state: State, place: object) -> None:
    decision = look(**on(("first", state, "Failed"), which=which))
    assert decision.place == place
    if place is None:
        assert finished(decision) == ("Cancelled", "DependencyFailed")


def test_all_of_them_must_be_met() -> None:
    done, runs = ("a", State.SUCCEEDED, "Succeeded"), ("b", State.RUNNING, "Running")
    assert look(**on(done, runs)).place == PARKED
    assert look(**on(done, ("b", State.SUCCEEDED, "Succeeded"))).place == Waiting("team/default")


def test_it_is_not_told_before_there_is_time_to() -> None:
    """A pipeline applied in any order costs no write for what comes a moment later."""
    decision = look(**on(("first", State.MISSING, "")))
    assert decision.status.phase == "Pending"


def test_what_it_waits_for_is_told() -> None:
    missing = ("x", State.MISSING, "")
    runs, waits = ("a", State.RUNNING, "Running"), ("b", State.WAITING, "Queued")
    others = [(name, State.SUSPENDED, "Suspended") for name in ("c", "d", "e")]
    decision = look(**on(missing, runs, waits, *others, announce=True))
    assert told(decision) == (
        "WaitingForDependency",
        (
            "there is no ScanJob x in this namespace yet; create it and this one will run; "
            "waits for a (running), b (waiting), c (suspended) and 2 more"
        ),
    )
    assert decision.status.phase == "Queued"


def test_a_failed_one_may_be_waited_for_until_it_is_run_again() -> None:
    arguments = on(("first", State.UNSUCCESSFUL, "TimedOut"), announce=True)
    decision = look(**arguments, dependencyFailurePolicy="Wait")
    assert decision.place == PARKED
    assert told(decision) == (
        "WaitingForDependency",
        "first (TimedOut) did not succeed; run it again by a new rerunToken and this one will run",
    )


def test_a_failed_one_ends_it_as_cancelled() -> None:
    arguments = on(("a", State.UNSUCCESSFUL, "Failed"), ("b", State.UNSUCCESSFUL, "Cancelled"))
    decision = look(**arguments, dependencyFailurePolicy="Cancel")
    assert finished(decision) == ("Cancelled", "DependencyFailed")
    stalled = decision.status.condition("Stalled")
    assert stalled is not None
    assert stalled.status, "for kstatus it has failed"
    assert stalled.message == (
        "it depends on others: a ended as Failed and b ended as Cancelled; run what failed again, "
        "then this one, each by a new rerunToken"
    )
    assert decision.status.finished_at == NOW


@pytest.mark.parametrize("token", [None, "one"])
def test_it_ends_once_and_a_later_token_runs_it_again(token: str | None) -> None:
    spec: dict[str, Any] = {"rerunToken": token} if token else {}
    decision = look(**on(("first", State.UNSUCCESSFUL, "Failed")), **spec)
    again = look(status=decision.status.raw(), **on(("first", State.SUCCEEDED, "")), **spec)
    assert again.place is None
    assert again.status.raw() == decision.status.raw()
    rerun = look(
        status=decision.status.raw(), **on(("first", State.SUCCEEDED, "")), rerunToken="two"
    )
    assert rerun.place == Waiting("team/default")
    waits = look(status=decision.status.raw(), **on(("first", State.RUNNING, "")), rerunToken="two")
    assert waits.place == PARKED


@pytest.mark.parametrize("wish", ["suspend", "cancel"])
def test_what_its_user_wants_comes_first(wish: str) -> None:
    spec: dict[str, Any] = {wish: True}
    decision = look(**on(("first", State.UNSUCCESSFUL, "Failed")), **spec)
    assert decision.status.phase == {"suspend": "Suspended", "cancel": "Cancelled"}[wish]
    finished_ = decision.status.condition("Finished")
    assert finished_ is not None
    assert finished_.reason != "DependencyFailed"


def test_a_cycle_is_a_mistake_told_at_once() -> None:
    decision = look(**on(("b", State.WAITING, "Queued"), cycle=("a", "b", "a")))
    assert decision.place == PARKED
    assert told(decision) == (
        "WaitingForDependency",
        "depends on itself: a → b → a; delete one of them and create it without dependsOn",
    )
    assert look(**on(("b", State.WAITING, "")), cancel=True).status.phase == "Cancelled"


def test_a_long_cycle_is_told_by_its_ends() -> None:
    way = (*(f"scan-{number}" for number in range(900)), "scan-0")
    _, message = told(look(**on(("scan-1", State.WAITING, "")) | {"view": _cycle(way)}))
    assert "scan-0 → scan-1 → scan-2 → scan-3 → scan-4 → … → scan-896" in message
    assert len(message) < 300


def _cycle(way: tuple[str, ...]) -> dict[str, Any]:
    need = Need(way[1], "Succeeded")
    return {"cycle": way, "dependencies": (Dependency(need, State.WAITING),)}


# --- admission


def _admitted(raw: Mapping[str, Any], *dependencies: Dependency) -> Any:
    queue = read_queue(raw_queue())
    return admit(read_job(raw), queue, fence=7, now=NOW, dependencies=dependencies)


@pytest.mark.parametrize("state", State)
def test_nothing_is_admitted_before_its_dependencies(state: State) -> None:
    raw = raw_job(dependsOn=[{"name": "first", "condition": "Succeeded"}])
    dependency = Dependency(Need("first", "Succeeded"), state)
    assert (_admitted(raw, dependency) is not None) == (state is State.SUCCEEDED)
    assert _admitted(raw) is None, "what is not told of is not met"


def test_once_admitted_they_count_no_more_until_a_rerun() -> None:
    spec: dict[str, Any] = {"dependsOn": [{"name": "first", "condition": "Succeeded"}]}
    met = Dependency(Need("first", "Succeeded"), State.SUCCEEDED)
    status = _admitted(raw_job(**spec), met).raw()
    assert status["dependenciesMetAt"] == at(0)
    failed = on(("first", State.UNSUCCESSFUL, "Failed"))
    evicted = raw_pod(state=None, phase="Failed", reason="Evicted")

    retried = look(status=status, pod=evicted, **failed)
    assert retried.retried
    later = NOW.replace(hour=13)
    over = look(status=retried.status.raw(), **failed | {"view": failed["view"] | {"now": later}})
    assert over.place == Waiting("team/default")
    assert _admitted(raw_job(status=over.status.raw() | {"retryAt": at(-1)}, **spec)) is not None

    done = look(status=status, pod=raw_pod(state=terminated(report())), retry=ONCE, **failed)
    again = look(status=done.status.raw(), rerunToken="again", **failed)
    assert finished(again) == ("Cancelled", "DependencyFailed")
    assert again.status.dependencies_met_at is None


def test_without_dependencies_nothing_is_recorded() -> None:
    assert "dependenciesMetAt" not in _admitted(raw_job()).raw()


# --- cycles


def _job(name: str, *needs: str, status: dict[str, Any] | None = None) -> Job:
    raw = raw_job(status=status, dependsOn=[{"name": need} for need in needs])
    raw["metadata"] |= {"name": name, "uid": name}
    return read_job(raw)


def _cycle_of(name: str, *jobs: Job) -> tuple[str, ...]:
    by_key = {job.key: job for job in jobs}
    return find_cycle(by_key[f"team/{name}"], by_key.get)


def test_the_way_back_is_named() -> None:
    jobs = (_job("a", "x", "b"), _job("b", "c"), _job("c", "a"), _job("d", "a"))
    assert _cycle_of("a", *jobs) == ("a", "b", "c", "a")
    assert _cycle_of("c", *jobs) == ("c", "a", "b", "c")
    assert _cycle_of("d", *jobs) == (), "it waits for a cycle and is in none"


@pytest.mark.parametrize(
    "status",
    [SUCCEEDED, open_attempt() | {"dependenciesMetAt": at(-5)}],
    ids=["finished", "admitted"],
)
def test_what_does_not_wait_closes_no_cycle(status: dict[str, Any]) -> None:
    assert _cycle_of("a", _job("a", "b"), _job("b", "a", status=status)) == ()


def test_the_search_is_bounded() -> None:
    def ring(length: int) -> tuple[Job, ...]:
        return tuple(_job(f"j{n}", f"j{(n + 1) % length}") for n in range(length))

    assert len(_cycle_of("j0", *ring(MOST_VISITED))) == MOST_VISITED + 1
    assert _cycle_of("j0", *ring(MOST_VISITED + 2)) == ()


_GRAPHS = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefx"), max_size=4, unique=True)
)


@given(_GRAPHS.filter(bool))
def test_a_cycle_is_found_where_there_is_one(graph: dict[str, list[str]]) -> None:
    jobs = [_job(name, *needs) for name, needs in graph.items()]
    for name in graph:
        reached: set[str] = set()
        while True:
            near = {need for each in ({name} | reached) for need in graph.get(each, ())}
            if near <= reached:
                break
            reached |= near
        found = _cycle_of(name, *jobs)
        assert bool(found) == (name in reached)
        assert all(after in graph[before] for before, after in pairwise(found))
        assert not found or found[0] == found[-1] == name


def test_who_waits_no_more_is_of_no_concern() -> None:
    assert awaits(_job("a", "b"))
    assert not awaits(_job("a"))
    assert not awaits(_job("a", "b", status=SUCCEEDED))
    assert not awaits(_job("a", "b", status={"phase": "Queued", "dependenciesMetAt": at(-5)}))
    assert dependency_on(Need("a", "Finished"), None).state is State.MISSING
