"""What the ledger is given is checked before it is sent: texts, scores, limits, keys."""

from __future__ import annotations

import math

import pytest

from scanyard.queueing.keys import JobKey, LedgerKeys
from scanyard.queueing.operations import Adopt, Drop, Enqueue, Park, Release, Requeue, Take

BAD_TEXTS = ["", "two words", "line\nbreak", "nul\0", "ümlaut", "x" * 641]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_a_text_that_the_ledger_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a usable queue"):
        Enqueue(text, "a/b/c", 1.0)
    with pytest.raises(ValueError, match="not a usable job"):
        Drop(text)
    with pytest.raises(ValueError, match="not a usable blocker"):
        Park("a/q", "a/b/c", text, 1.0)
    for operation in (Adopt, Release):
        with pytest.raises(ValueError, match="not a usable attempt"):
            operation("a/q", "a/b/c", text)


def test_the_longest_names_of_kubernetes_fit() -> None:
    job = JobKey("n" * 63, "j" * 253, "123e4567-e89b-12d3-a456-426614174000")
    Take("n" * 63 + "/" + "q" * 253, job.member, job.uid + "/0/4294967295", 1)


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Enqueue("a/q", "a/b/c", score)
    with pytest.raises(ValueError, match="finite"):
        Park("a/q", "a/b/c", "time", score)
    with pytest.raises(ValueError, match="finite"):
        Requeue("a/q", "a/b/c", "c/0/1", score)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Take("a/q", "a/b/c", "c/0/1", queue_limit=-1)
    with pytest.raises(ValueError, match="negative"):
        Take("a/q", "a/b/c", "c/0/1", queue_limit=1, installation_limit=-1)
    with pytest.raises(ValueError, match="negative"):
        Take("a/q", "a/b/c", "c/0/1", queue_limit=1, namespace_limit=-1)


def test_a_job_is_read_back_from_its_member() -> None:
    job = JobKey("team", "web.v2", "uid-1")
    assert JobKey.parse(job.member) == job


@pytest.mark.parametrize("member", ["", "a/b", "a/b/c/d", "a//c"])
def test_what_is_no_member_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match="expected namespace/name/uid"):
        JobKey.parse(member)


def test_keys_carry_the_hash_tag_of_the_installation() -> None:
    assert LedgerKeys.of("scanyard/main").header == "{scanyard:scanyard/main}:ledger"
    assert LedgerKeys.of("scanyard/main").registry == "{scanyard:scanyard/main}:keys"


@pytest.mark.parametrize("installation", ["", "a}b", "a{b", "two words"])
def test_an_installation_that_would_break_the_hash_tag_is_refused(installation: str) -> None:
    with pytest.raises(ValueError, match="not a usable installation"):
        LedgerKeys.of(installation)
