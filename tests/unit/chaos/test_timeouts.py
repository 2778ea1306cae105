"""Timeouts are judged rightly, and the formula is that of the documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.timeouts import allowed, judge_timeouts
from tests.support.audit_objects import Seen

_ADAPTIVE = {"targets": ["192.0.2.0/31"], "timeoutPolicy": "Adaptive"}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {130, 138}),
        ({"maxTimeoutSeconds": 132}, {130, 132}),
        ({"minTimeoutSeconds": 200}, {200}),
    ],
    ids=str,
)
def test_adaptive(limits: dict[str, int], expected: set[int]) -> None:
    """One address: 44 packets at 10 a second, so 2 x 5 s; two: 2 x 9 s; and 120 s."""
    assert allowed(_ADAPTIVE, {"limits": limits}) == expected


def test_what_is_stated_stands() -> None:
    assert allowed({"timeoutSeconds": 30}, {"limits": {"maxTimeoutSeconds": 20}}) == {30}


def _queue(at: float, most: int) -> Seen:
    meta = {"name": "q", "resourceVersion": str(int(at))}
    return Seen(
        "ScanQueue",
        "MODIFIED",
        {"metadata": meta, "spec": {"limits": {"maxTimeoutSeconds": most}}},
        at,
    )


def _admitted(at: float, seconds: int) -> Seen:
    attempt = {"number": 1, "podName": "a-1", "queue": "chaos/q", "timeoutSeconds": seconds}
    meta = {"name": "a", "uid": "a", "resourceVersion": str(int(at))}
    status: dict[str, Any] = {"attempts": [attempt]}
    return Seen("ScanJob", "MODIFIED", {"metadata": meta, "spec": _ADAPTIVE, "status": status}, at)


def _pod(seconds: int) -> Seen:
    meta = {"name": "a-1", "resourceVersion": "1000"}
    return Seen(
        "Pod", "ADDED", {"metadata": meta, "spec": {"activeDeadlineSeconds": seconds}}, 999.0
    )


def _judge(*seen: Seen) -> list[str]:
    return judge_timeouts(seen, settled_at=lambda moment: moment - 3.0)


def test_it_is_settled_by_what_its_queue_said_at_its_admission() -> None:
    assert _judge(_queue(1, 132), _admitted(20, 132)) == []
    assert _judge(_queue(1, 132), _queue(18, 500), _admitted(20, 132)) == [], "not heard of yet"
    told = ["a-1 got a timeout of 132 s"]
    assert _judge(_queue(1, 132), _queue(10, 500), _admitted(20, 132)) == told


def test_its_pod_has_it() -> None:
    before = (_queue(1, 500), _admitted(20, 138))
    assert _judge(*before, _pod(138)) == []
    assert _judge(*before, _pod(500)) == ["a-1 has a deadline of 500 s, not 138 s"]
