"""What a queue's rules forbid is judged rightly: out of scope, another scanner, too early."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.node import Container
from tests.chaos.rules import CLOSED, REFUSED_TEMPLATE, judge_rules
from tests.support.audit_objects import Seen

_NODE = {"kubernetes.io/hostname": "node-a"}
_ONE_CPU = {"limits": {"cpu": "1"}}
_OTHER_WINDOW = {"start": "0 22 * * *", "durationSeconds": 3600}


def _queue(at: float, *, gone: bool = False, **spec: Any) -> Seen:
    meta = {"name": "q", "namespace": "chaos", "resourceVersion": str(int(at * 10) + 1)}
    return Seen(
        "ScanQueue", "DELETED" if gone else "MODIFIED", {"metadata": meta, "spec": spec}, at
    )


def _judge(
    *queues: Seen,
    target: str = "192.0.2.9",
    not_before: str = "",
    home: str = "chaos",
    pod_spec: dict[str, Any] | None = None,
) -> list[str]:
    """Of a Pod that came to be at 10.0, which is 12:00:10; what is heard takes 2 s."""
    spec: dict[str, Any] = {"scanner": "nmap", "targets": [target]}
    spec |= {"notBefore": not_before} if not_before else {}
    job = {
        "metadata": {"name": "a", "namespace": home, "uid": "a", "resourceVersion": "1"},
        "spec": spec,
    }
    meta = {"uid": "pod", "resourceVersion": "100", "creationTimestamp": "2026-01-01T12:00:10Z"}
    pod = {"metadata": meta, "spec": {"containers": [{}]} | (pod_spec or {})}
    seen = [Seen("ScanJob", "ADDED", job, 0.0), Seen("Pod", "ADDED", pod, 10.0)]
    ran = Container("a-1", "pod", "a", "chaos/q", 11.0, 12.0, ended=12.0)
    return judge_rules([ran], [*seen, *queues], settled_at=lambda moment: moment - 2.0)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"windows": [CLOSED]}, "its queue's windows were closed"),
        ({"windows": [CLOSED, _OTHER_WINDOW]}, ""),
        ({"scope": {"deny": ["192.0.2.8/29"]}}, "its target was denied"),
        ({"scope": {"deny": ["192.0.2.0/29"]}}, ""),
        ({"scope": None}, ""),
        ({"allowedScanners": ["masscan"]}, "its queue does not run its scanner"),
        ({"allowedScanners": ["masscan", "nmap"]}, ""),
        ({"podTemplate": REFUSED_TEMPLATE}, "its queue's podTemplate was refused"),
        ({"podTemplate": {"nodeSelector": _NODE}}, "its queue's podTemplate says otherwise"),
        ({"podTemplate": {"resources": _ONE_CPU}}, "its queue's podTemplate says otherwise"),
        ({"podTemplate": None}, ""),
    ],
    ids=str,
)
def test_what_its_queue_forbids(spec: dict[str, Any], told: str) -> None:
    expected = [f"a-1 was created although {told}"] if told else []
    assert _judge(_queue(0, **spec)) == expected
    assert _judge(_queue(0), _queue(9, **spec)) == [], "not heard of yet"
    assert _judge(_queue(0), _queue(7, **spec)) == expected


def test_what_is_denied_in_part_is_left_out_of_the_scan() -> None:
    assert _judge(_queue(0, scope={"deny": ["192.0.2.8/29"]}), target="192.0.2.0/28") == []


def test_too_early() -> None:
    assert _judge(_queue(0), not_before="2026-01-01T12:00:10Z") == []
    told = ["a-1 was created before 2026-01-01T12:00:11Z"]
    assert _judge(_queue(0), not_before="2026-01-01T12:00:11Z") == told


def test_a_queue_that_is_gone_allows_nothing() -> None:
    assert len(_judge(_queue(0), _queue(5, gone=True))) == 6


def test_another_namespace_than_the_queue_takes() -> None:
    told = ["a-1 was created although its queue takes no ScanJobs of its namespace"]
    assert _judge(_queue(0), home="guests") == told
    assert _judge(_queue(0, allowedNamespaces={"from": "All"}), home="guests") == []
    closed = _queue(9, allowedNamespaces={"from": "Same"})
    assert _judge(_queue(0, allowedNamespaces={"from": "All"}), closed, home="guests") == []


def test_a_pod_is_as_its_template_was_when_it_was_created() -> None:
    made = {"nodeSelector": _NODE, "containers": [{"resources": _ONE_CPU}]}
    template = {"nodeSelector": _NODE, "resources": _ONE_CPU}
    assert _judge(_queue(0, podTemplate=template), pod_spec=made) == []
    assert _judge(_queue(0, podTemplate=template), _queue(9), pod_spec=made) == []
    told = ["a-1 was created although its queue's podTemplate says otherwise"]
    assert _judge(_queue(0, podTemplate=template), _queue(7), pod_spec=made) == told
