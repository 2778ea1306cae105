"""How long, and how often, a set-up command asks an API server that is not there yet."""

from __future__ import annotations

import pytest

from scanyard.cli.cluster import patiently
from scanyard.kube.errors import KubeRefusedError, KubeUnavailableError, NotServedError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Flaky:
    """Fails with the given errors, then returns "done"."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run(action: Flaky, clock: Clock, *, wait: float = 120, jitter: float = 1.0) -> str:
    return patiently(
        action, wait_seconds=wait, sleep=clock.sleep, clock=clock, jitter=lambda: jitter
    )


def test_it_succeeds_once_the_crd_is_there() -> None:
    clock = Clock()
    action = Flaky(*[NotServedError(404, "no CRD")] * 3)
    assert run(action, clock) == "done"
    assert clock.pauses == [0.5, 1, 2]


def test_pauses_grow_to_8_seconds_and_end_within_2_minutes() -> None:
    clock = Clock()
    action = Flaky(*[KubeUnavailableError(503, "starting")] * 1000)
    with pytest.raises(KubeUnavailableError, match="starting"):
        run(action, clock)
    assert max(clock.pauses) == 8
    assert 110 < clock.now <= 120


def test_pauses_are_jittered_so_that_many_do_not_ask_at_once() -> None:
    clock = Clock()
    run(Flaky(*[KubeUnavailableError(503, "starting")] * 2), clock, jitter=0.0)
    assert clock.pauses == [0.25, 0.5]


def test_without_waiting_the_first_failure_counts() -> None:
    clock = Clock()
    action = Flaky(KubeUnavailableError(0, "refused"))
    with pytest.raises(KubeUnavailableError):
        run(action, clock, wait=0)
    assert action.calls == 1


def test_a_definite_refusal_is_not_repeated() -> None:
    clock = Clock()
    action = Flaky(KubeRefusedError(403, "forbidden"))
    with pytest.raises(KubeRefusedError):
        run(action, clock)
    assert action.calls == 1


def test_each_reason_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [KubeUnavailableError(0, "refused")] * 2 + [NotServedError(404, "no CRD")] * 2
    run(Flaky(*errors), Clock())
    assert capsys.readouterr().err.splitlines() == [
        "Waiting up to 120 s: refused",
        "Waiting up to 120 s: no CRD",
    ]
