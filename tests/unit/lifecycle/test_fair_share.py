"""Fair parts, and how near to them a queue stays that goes by them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.lifecycle.sharing.fair_share import FairShares

_WEIGHTS = st.lists(st.sampled_from([1, 1, 1, 2, 3, 5, 10, 50, 1000]), min_size=2, max_size=8).map(
    lambda weights: {f"ns-{number}": weight for number, weight in enumerate(weights)}
)


def _shares(slots: int, weights: dict[str, int]) -> FairShares:
    named = {namespace: weight for namespace, weight in weights.items() if weight != 1}
    return FairShares(slots, len(weights), named)


@pytest.mark.parametrize(
    ("slots", "weights", "parts"),
    [
        (6, (1, 1, 1), (2, 2, 2)),
        (5, (1, 1), (Fraction(5, 2), Fraction(5, 2))),
        (8, (1, 3), (2, 6)),
        # None gets less than one slot, which the heavier pay for by weight.
        (5, (1, 1, 10), (1, 1, 3)),
        (12, (1, 2, 1000), (1, 1, 10)),
        # With no more slots than namespaces weights mean nothing.
        (3, (1, 5, 10), (1, 1, 1)),
        (2, (1, 5, 10, 20), (Fraction(1, 2),) * 4),
    ],
)
def test_parts(slots: int, weights: tuple[int, ...], parts: tuple[Fraction, ...]) -> None:
    shares = _shares(slots, {f"ns-{number}": weight for number, weight in enumerate(weights)})
    assert tuple(shares.part(f"ns-{number}") for number in range(len(weights))) == parts


@given(slots=st.integers(1, 40), weights=_WEIGHTS)
def test_the_parts_are_all_the_slots(slots: int, weights: dict[str, int]) -> None:
    shares = _shares(slots, weights)
    assert sum(shares.part(namespace) for namespace in weights) == slots


@given(
    slots=st.integers(1, 30),
    weights=_WEIGHTS,
    crowded=st.booleans(),
    ends=st.randoms(use_true_random=False),
)
def test_within_one_slot_of_its_part_once_all_slots_have_turned_over(
    slots: int, weights: dict[str, int], crowded: bool, ends: object
) -> None:
    """All have enough waiting; scans end in any order, and the queue may begin far from fair."""
    names = sorted(weights)
    running = dict.fromkeys(names, 0)
    first = [names[0]] * slots if crowded else []
    for namespace in first:
        running[namespace] += 1
    old, young = list(first), list[str]()
    parts = _shares(slots, weights)
    for turn in range(4 * slots):
        if sum(running.values()) == slots:
            ended = old.pop() if old else young.pop(ends.randrange(len(young)))  # type: ignore[attr-defined]
            running[ended] -= 1
        shares = _shares(sum(running.values()) + 1, weights)
        # Ties go to whoever's head is older, which is anybody.
        chosen = min(names, key=lambda n: (shares.rank(n, running[n]), ends.random()))  # type: ignore[attr-defined]
        running[chosen] += 1
        young.append(chosen)
        if turn >= 2 * slots:
            for namespace in names:
                assert abs(running[namespace] - parts.part(namespace)) < 1, (running, weights)
