"""What is hidden, and in what time."""

from __future__ import annotations

import time
from itertools import permutations

import pytest

from scanyard.logs.safe import hide


def _seconds(text: str) -> float:
    begun = time.process_time()
    hide(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", ["-eyJ", "eyJ", "eyJ.", "eyJ.eyJ", "://", "bearer ", "x:"])
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    short, long = 4_000, 64_000
    least = min(_seconds(piece * (short // len(piece))) for _ in range(5))
    # 16 times the text; were it quadratic, 256 times the time.
    assert _seconds(piece * (long // len(piece))) < 100 * least


@pytest.mark.parametrize("order", list(permutations(["abcd", "abcdefg", "cdef"])))
def test_of_secrets_within_each_other_nothing_is_left(order: tuple[str, ...]) -> None:
    assert hide("say abcdefg, abcd, cdef", order) == "say ***, ***, ***"


@pytest.mark.parametrize("before", ["", "session-", "=", "'", "x"])
def test_a_token_is_hidden_wherever_it_begins(before: str) -> None:
    said = hide(f"{before}eyJhbGciOi.eyJpc3MiOi.c2ln-bmF_0 end")
    assert said.removeprefix(before) == "*** end"


@pytest.mark.parametrize("text", ["www.eyjafjallajokull.is", "a.eyJb.c", "eyJa.b", "eyJa.eyJb"])
def test_what_is_no_token_stays(text: str) -> None:
    assert hide(text) == text
