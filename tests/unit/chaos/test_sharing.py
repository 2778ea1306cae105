"""What scans share is judged rightly: too many packets, one target twice, a turn too early."""

from __future__ import annotations

from typing import Any

from tests.chaos.node import Container
from tests.chaos.sharing import Limits, judge_sharing
from tests.support.audit_objects import Seen


def _queue(
    at: float,
    packets: int = 0,
    *,
    version: int = 1,
    each: int | None = None,
    per_node: int | None = None,
) -> Seen:
    meta = {"name": "q", "resourceVersion": str(version)}
    spec = {"maxConcurrent": 9, "packetsPerSecond": packets, "maxConcurrentPerNamespace": each}
    spec |= {"maxConcurrentPerNode": per_node}
    return Seen("ScanQueue", "MODIFIED", {"metadata": meta, "spec": spec}, at)


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
    late = [_ran("a", 7, 9, packets=40), _ran("b", 8, 9, packets=40)]
    assert len(_judge(late, *lowered, *jobs)) == 1
    late[0].pod_came = late[1].pod_came = 1.0
    assert _judge(late, *lowered, *jobs) == [], "created before, they waited for a node"


def test_more_than_the_installation_may_run() -> None:
    ran = [_ran("a", 1, 5, packets=40), _ran("b", 2, 5, packets=40)]
    jobs = (_job("a"), _job("b", "192.0.2.2"))

    def told(*limits: tuple[float, Limits]) -> list[str]:
        return judge_sharing(ran, jobs, settled_at=lambda moment: moment, limits=limits)

    assert told((0.0, Limits(2, 80))) == []
    assert told((0.0, Limits(1, 80))) == ["2 ran in the installation at b, 1 allowed"]
    assert told((0.0, Limits(2, 79))) == ["80 packets a second in all at b, 79 allowed"]
    assert told((0.0, Limits(1, 79)), (1.5, Limits(2, 80))) == []


def test_more_on_a_node_than_its_limit() -> None:
    jobs = [_job("a"), _job("b", "192.0.2.2")]
    ran = [_ran("a", 1, 9), _ran("b", 5, 9)]
    told = ["2 of chaos/q on , 1 allowed: a, b"]
    assert _judge(ran, _queue(-9, per_node=2), *jobs) == []
    assert _judge(ran, _queue(-9), *jobs) == []
    assert _judge(ran, _queue(-9, per_node=1), *jobs) == told
    lowered = [_queue(-9, per_node=2), _queue(2, per_node=1, version=2)]
    assert _judge(ran, *lowered, *jobs) == told, "the second was created under the lower one"
    ran[0].pod_went = 4.0
    assert _judge(ran, _queue(-9, per_node=1), *jobs) == [], "the scheduler cannot know of it"
    ran[0].pod_went, ran[1].node = None, "other"
    assert _judge(ran, _queue(-9, per_node=1), *jobs) == []


def test_more_of_a_namespace_than_its_limit() -> None:
    jobs = [_job("a"), _job("b", "192.0.2.2")]
    ran = [_ran("a", 1, 5), _ran("b", 4, 9)]
    assert _judge(ran, _queue(-9, each=2), *jobs) == []
    told = ["2 of a namespace ran in chaos/q, 1 allowed: a, b"]
    assert _judge(ran, _queue(-9, each=1), *jobs) == told
    assert _judge(ran, _queue(-9), _queue(2, each=1, version=2), *jobs) == []
    ran[1].namespace = "guests"
    assert _judge(ran, _queue(-9, each=1), *jobs) == []


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
