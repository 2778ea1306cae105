"""Every state x every event: what is decided, and what must hold whatever is decided.

decisions.txt holds the outcome of each pair, as its legend says. A state or an event that is added
fails here until each of its pairs has been thought about.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Final

from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import Decision, Holding, Parked, Waiting
from tests.unit.lifecycle.looking import HELD
from tests.unit.lifecycle.situations import EVENTS, STATES, view_of

_PHASES: Final = {
    "Pending": "p",
    "Queued": "q",
    "Starting": "s",
    "Running": "r",
    "Succeeded": "S",
    "Failed": "F",
    "TimedOut": "T",
    "Cancelled": "C",
    "Suspended": "U",
}
#: Events that concern the waiting: they are heard once the attempt has been closed.
_TWO_STEPS: Final = {
    *("rerun", "denied", "put-off", "told"),
    *("needs", "needs-failed", "needs-wait"),
    *("scanner", "large", "too-long", "not-before"),
}

Check = Callable[[str, str], None]
#: So many broken pairs are shown; more of them would be the same.
_SHOWN: Final = 10


def every_pair(check: Check) -> Callable[[], None]:
    """A test over all states and events, which names each pair that breaks the rule."""

    def test() -> None:
        broken: list[AssertionError] = []
        for state, event in product(STATES, EVENTS):
            try:
                check(state, event)
            except AssertionError as error:
                error.add_note(f"{state} x {event}")
                broken.append(error)
        if broken:
            raise ExceptionGroup(f"{len(broken)} pairs", broken[:_SHOWN])

    test.__doc__ = check.__doc__
    return test


def decided(state: str, event: str) -> Decision:
    """The decision of one pair."""
    return decide(view_of(STATES[state], EVENTS[event]))


def notation(decision: Decision) -> str:
    """A decision as decisions.txt writes it."""
    places = {Waiting: "W", Parked: "P", Holding: "H"}
    effects = {
        "c": decision.create,
        "t": decision.tombstone,
        "d": decision.delete,
        "l": decision.look_up,
        "r": decision.read_queue,
        "n": decision.check_node,
        "e": decision.ended,
        "a": decision.retried,
    }
    done = "".join(letter for letter, effect in effects.items() if effect)
    place = places[type(decision.place)] if decision.place is not None else "-"
    return f"{place}{_PHASES[decision.status.phase]}{done}"


def written_table() -> dict[tuple[str, str], str]:
    """decisions.txt: (state, event) to outcome."""
    text = Path(__file__).with_name("decisions.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    (_, *events), *rows = lines
    cells: dict[tuple[str, str], str] = {}
    for state, *outcomes in rows:
        assert len(outcomes) == len(events), f"{state} has not one outcome for each event"
        cells |= {(state, event): cell for event, cell in zip(events, outcomes, strict=True)}
    return cells


TABLE: Final = written_table()


def test_no_pair_is_missing_and_none_is_left_over() -> None:
    assert set(TABLE) == set(product(STATES, EVENTS))


@every_pair
def test_the_pair_is_decided_as_written(state: str, event: str) -> None:
    assert notation(decided(state, event)) == TABLE[state, event]


@every_pair
def test_without_proof_of_its_end_an_attempt_keeps_its_slot(state: str, event: str) -> None:
    """Never over-admit."""
    if STATES[state].over_from <= EVENTS[event].now:
        return
    view, decision = view_of(STATES[state], EVENTS[event]), decided(state, event)
    if view.job.status.open_attempt is None:
        return
    assert decision.place == HELD
    assert decision.status.open_attempt is not None
    assert not decision.status.finished
    assert decision.ended is None


@every_pair
def test_nothing_leaves_the_ledger_but_what_has_ended_or_is_suspended(
    state: str, event: str
) -> None:
    """Never lose a ScanJob."""
    decision = decided(state, event)
    rests = decision.status.finished or decision.status.phase == "Suspended"
    assert (decision.place is None) == rests
    if decision.status.phase == "Suspended":
        assert EVENTS[event].spec.get("suspend")


@every_pair
def test_a_pod_is_created_only_where_none_can_be(state: str, event: str) -> None:
    """Never two at once."""
    view, decision = view_of(STATES[state], EVENTS[event]), decided(state, event)
    known = view.attempt
    if decision.create is not None:
        assert decision.create == decision.status.open_attempt
        assert decision.place == HELD
        assert (known.pod, known.existed, known.last_pod) == (None, False, None)
        assert decision.create.started_at is None
    open_attempts = [item for item in decision.status.attempts if item.ended_at is None]
    assert len(open_attempts) <= 1
    if view.queue is not None and not isinstance(decision.place, Waiting | Parked):
        after = view_of(STATES[state], EVENTS[event], decision.status.raw()).job
        assert admit(after, view.queue, fence=7, now=view.now) is None or after.rerun_wanted


@every_pair
def test_deciding_again_changes_nothing(state: str, event: str) -> None:
    """No write follows from a write: an open attempt is closed, told, and that is it."""
    decision = decided(state, event)
    for _ in range(event in _TWO_STEPS):
        view = view_of(STATES[state], EVENTS[event], decision.status.raw())
        decision = decide(view)
    again = decide(view_of(STATES[state], EVENTS[event], decision.status.raw()))
    assert again.status.raw() == decision.status.raw()
    assert again.place == decision.place
    assert again.ended is None, "it would be counted twice"


@every_pair
def test_a_failure_counts_once_and_only_one_that_nobody_wanted(state: str, event: str) -> None:
    view, decision = view_of(STATES[state], EVENTS[event]), decided(state, event)
    before, after = view.job.status, decision.status
    counted = after.failures - before.failures
    if after.attempts == before.attempts or decision.ended is None:
        assert counted == 0 or view.job.rerun_wanted
        assert not decision.retried
        return
    wanted_to_stop = event in {
        *{"cancel", "suspend", "both", "delete"},
        *{"drain", "stop", "window-end"},
    }
    attempt, outcome = decision.ended
    failed = outcome.cause is not None and not wanted_to_stop and "stop" not in state
    assert counted == (1 if failed and "suspending" not in state else 0)
    assert attempt.ended_at is not None
    assert decision.retried == (isinstance(decision.place, Parked) and counted == 1)
