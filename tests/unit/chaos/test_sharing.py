"""What scans share is judged rightly: too many packets, one target twice, a turn too early."""

from __future__ import annotations

from typing import Any

from tests.chaos.node import Container
from tests.chaos.sharing import judge_sharing
from tests.support.audit_objects import Seen


def _queue(at: float, packets: int, *, version: int = 1) -> Seen:
    meta = {"name": "q", "resourceVersion": str(version)}
    return Seen(
        "ScanQueue", "MODIFIED", {"metadata": meta, "spec": {"packetsPerSecond": packets}}, at
    )


def _job(
    name: str,
    target: str = "192.0.2.1",
    *,
    version: int = 1,
    deleted: bool = False,
    needs: str = "",
    **status: Any,
) -> Seen:
    meta = {"name": name, "uid": name, "resourceVersion": str(version)}
    spec: dict[str, Any] = {"targets": [target]}
    if needs:
        spec["dependsOn"] = [{"name": needs}]
    raw = {"metadata": meta, "spec": spec, "status": status}
    return Seen("ScanJob", "DELETED" if deleted else "MODIFIED", raw, float(version))


def _ran(job: str, started: float, ended: float, packets: int = 0) -> Container:
    return Container(job, job, job, "chaos/q", started, ended, ended=ended, packets=packets)


def _judge(containers: list[Container], *seen: Seen) -> list[str]:
    return judge_sharing(containers, seen, settled_at=lambda moment: moment - 2.0)


def test_packets_beyond_the_budget() -> None:
    jobs = [_job("a"), _job("b", "192.0.2.2")]
    ran = [_ran("a", 1, 5, packets=40), _ran("b", 2, 5, packets=40)]
    assert _judge(ran, _queue(0, 80), *jobs) == []
    assert _judge(ran, _queue(0, 79), *jobs) == ["80 packets a second in chaos/q, 79 allowed: a, b"]
    lowered = [_queue(0, 80), _queue(1.5, 50, version=2)]
    assert _judge(ran, *lowered, *jobs) == [], "what was started before may finish"


def test_one_target_twice_at_once() -> None:
    ran = [_ran("a", 1, 5), _ran("b", 4, 9)]
    told = ["a and b scanned the same target at once"]
    assert _judge(ran, _job("a"), _job("b")) == told
    assert _judge(ran, _job("a", "192.0.2.0/30"), _job("b", "192.0.2.1-192.0.2.9")) == told
    assert _judge(ran, _job("a"), _job("b", "192.0.2.2")) == []
    assert _judge([_ran("a", 1, 4), _ran("b", 4, 9)], _job("a"), _job("b")) == []
    assert _judge(ran, _job("a"), _job("a", version=2, deleted=True), _job("b")) == []


def test_a_turn_before_that_of_its_dependency() -> None:
    ended: dict[str, Any] = {"conditions": [{"type": "Finished", "status": "True"}]}
    admitted: dict[str, Any] = {"attempts": [{"number": 1}]}
    early = [_job("b", needs="a", version=2, **admitted), _job("a", version=3, **ended)]
    assert _judge([], *early) == ["b was admitted before a had ended"]
    late = [_job("b", needs="a", version=4, **admitted), _job("a", version=3, **ended)]
    assert _judge([], *late) == []
