"""Candidates that freeze, lose answers and restart: never two that may rely on the Lease."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeError
from scanyard.kube.lease import Lease, LeaseLostError
from tests.support.models import model_settings
from tests.unit.kube.leases import Leases

_SECONDS = 10.0
_WHO = st.integers(0, 2)
#: A frozen process sends what it had begun, or asks what it had asked, only after it has thawed.
_DELAYS = st.sampled_from([0.0, 0.0, 0.0, 0.0, 1.0, 4.0, 12.0])
_FAULTS = st.sampled_from([None, None, None, None, "refused", "unanswered"])


@dataclass(frozen=True)
class _Way:
    """What happens to a request: how long it takes, and who tries to take the Lease meanwhile."""

    other: int
    there: float
    back: float
    fault: str | None


class LeaseMachine(RuleBasedStateMachine):
    """Three candidates, one Lease, one clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.leases = Leases()
        self.lives = 0
        self.candidates = [self._born() for _ in range(3)]
        self.fences: dict[int, int] = {}

    def _born(self) -> Lease:
        self.lives += 1
        return Lease(
            cast("KubeClient", self.leases.client()),
            "kube-system",
            identity=f"life-{self.lives}",
            seconds=_SECONDS,
            clock=lambda: self.now,
            unix_seconds=lambda: 1.8e9 + self.now,
        )

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 3.0]))
    def time_goes_on(self, seconds: float) -> None:
        self.now += seconds

    @rule(who=_WHO, other=_WHO, there=_DELAYS, back=_DELAYS, fault=_FAULTS)
    def acquires(self, who: int, other: int, there: float, back: float, fault: str | None) -> None:
        self._do(who, "try_acquire", _Way(other, there, back, fault))

    @rule(who=_WHO, other=_WHO, there=_DELAYS, back=_DELAYS, fault=_FAULTS)
    def renews(self, who: int, other: int, there: float, back: float, fault: str | None) -> None:
        self._do(who, "renew", _Way(other, there, back, fault))

    @rule(who=_WHO, how=st.sampled_from(["killed", "stopped", "deleted"]))
    def ends(self, who: int, how: str) -> None:
        """A process, or the Lease by a person's hand."""
        if how == "deleted":
            # Only while nobody relies on it, or the next would be let in early; and not before
            # there were fewer leaders than seconds.
            if not self._relying():
                self.now += 60.0
                self.leases.objects.clear()
            return
        if how == "stopped":
            self._do(who, "release", None)
        self.candidates[who] = self._born()

    def _do(self, who: int, what: str, way: _Way | None) -> None:
        """A request; on its way and back time passes, and another candidate tries its luck."""

        def passes(seconds: float, other: int) -> None:
            self.now += seconds
            if other != who:
                self._do(other, "try_acquire", None)

        leases = self.leases
        leases.on_the_way = leases.on_the_way_back = lambda: None
        if way is not None:
            leases.fault = way.fault
            leases.on_the_way = lambda: passes(way.there, way.other)
            leases.on_the_way_back = lambda: passes(way.back, way.other)
        try:
            _at_once(getattr(self.candidates[who], what)())
        except (KubeError, LeaseLostError):
            pass
        finally:
            leases.fault = None

    def _relying(self) -> list[Lease]:
        return [lease for lease in self.candidates if _may_rely(lease)]

    @invariant()
    def at_most_one_relies_on_it(self) -> None:
        assert len(self._relying()) <= 1

    @invariant()
    def each_leadership_has_a_higher_fence(self) -> None:
        for lease in self._relying():
            number = lease.fence
            assert self.fences.setdefault(number, id(lease)) == id(lease), "a fence came twice"
            assert number == max(self.fences)


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what never really waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def _may_rely(lease: Lease) -> bool:
    try:
        lease.check()
    except LeaseLostError:
        return False
    return True


TestLease = LeaseMachine.TestCase
TestLease.settings = model_settings(steps=50)
