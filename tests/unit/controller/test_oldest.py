"""The longest waiting of a queue is found among those who come and go."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scanyard.controller.admission.oldest import Oldest
from tests.support.objects import NOW

_STEPS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["red", "blue", ""])), max_size=400
)


@given(steps=_STEPS)
def test_as_a_look_at_all_of_them_says(steps: list[tuple[str, str]]) -> None:
    """Each step puts one into a queue, or out of all."""
    where: dict[str, str] = {}
    since = {uid: NOW + timedelta(seconds=7 * ord(uid) % 11) for uid in "abcdefgh"}
    oldest = Oldest(lambda uid, queue: where.get(uid) == queue)
    for uid, queue in steps:
        where[uid] = queue
        if queue:
            oldest.began(queue, uid, since[uid])
        for each in ("red", "blue"):
            waiting = [since[one] for one, place in where.items() if place == each]
            assert oldest.of_queue(each) == min(waiting, default=None)


def test_coming_and_going_costs_no_memory() -> None:
    oldest = Oldest(lambda uid, _queue: uid == "first")
    oldest.began("red", "first", NOW)
    for number in range(10_000):
        oldest.began("red", "other", NOW + timedelta(seconds=number))
    assert len(oldest._heaps["red"]) < 200
    assert oldest.of_queue("red") == NOW
    oldest.forget_queue("red")
    assert oldest.of_queue("red") is None
