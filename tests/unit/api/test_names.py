"""Names of Pods and label values fit what Kubernetes takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.api.names import pod_name, queue_label

UID = "0f886334-2e90-4640-bb34-cadbe755227c"
SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("web", "web-0f886334-1"),
        ("a" * 60, "a" * 40 + "-0f886334-1"),
        ("a" * 39 + "-bc", "a" * 39 + "-0f886334-1"),
        ("a" * 38 + "-.bc", "a" * 38 + "-0f886334-1"),
    ],
)
def test_pod_name(job: str, expected: str) -> None:
    assert pod_name(job, UID, 1) == expected


@given(
    job=st.from_regex(SUBDOMAIN, fullmatch=True).filter(lambda text: len(text) <= 253),
    attempt=st.integers(min_value=1, max_value=2**31),
)
def test_pod_name_is_a_valid_name_of_at_most_63(job: str, attempt: int) -> None:
    name = pod_name(job, UID, attempt)
    assert len(name) <= 63
    assert re.fullmatch(SUBDOMAIN, name)


def test_namesakes_have_different_pods() -> None:
    assert pod_name("web", UID, 1) != pod_name("web", "1" + UID[1:], 1)


def test_queue_label_is_stable_and_short() -> None:
    assert queue_label("team-a/default") == "3f4ee208c9460d53"
    assert queue_label("team-a/default") != queue_label("team-b/default")
