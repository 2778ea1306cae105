"""What the nodes know is judged rightly: too many at once, one ScanJob twice, one left running."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tests.chaos.node import Container
from tests.chaos.truth import judge_containers
from tests.support.audit_objects import Seen

_NOW = 100.0


def _queue(at: float, limit: int, *, version: int = 1, stop_policy: str = "None") -> Seen:
    meta = {"name": "q", "resourceVersion": str(version)}
    spec = {"maxConcurrent": limit, "stopPolicy": stop_policy}
    return Seen("ScanQueue", "MODIFIED", {"metadata": meta, "spec": spec}, at)


def _ran(
    pod: str, started: float, ended: float | None, *, scanjob: str = "", uid: str = ""
) -> Container:
    return Container(
        pod, uid or pod, scanjob or pod, "chaos/q", started, ended or _NOW, ended=ended
    )


def _judge(
    containers: Sequence[Container], *queues: Seen, unguaranteed: Collection[str] = ()
) -> list[str]:
    return judge_containers(
        containers,
        queues or (_queue(0.0, 2),),
        _NOW,
        settled_at=lambda moment: moment - 2.0,
        unguaranteed=unguaranteed,
    ).violations


def test_within_the_limit_is_right() -> None:
    assert _judge([_ran("a", 1, 5), _ran("b", 2, 6), _ran("c", 5, 9)]) == []


def test_one_too_many() -> None:
    told = _judge([_ran("a", 1, 5), _ran("b", 2, 6), _ran("c", 4, 9)])
    assert told == ["3 ran in chaos/q, 2 allowed: a, b, c"]


def test_what_a_higher_limit_had_allowed_may_finish() -> None:
    queues = [_queue(0.0, 3), _queue(10.0, 2, version=2)]
    assert _judge([_ran("a", 9, 30), _ran("b", 9, 30), _ran("c", 11, 30)], *queues) == []
    told = _judge([_ran("a", 20, 30), _ran("b", 20, 30), _ran("c", 25, 30)], *queues)
    assert told == ["3 ran in chaos/q, 2 allowed: a, b, c"]


def test_a_stopped_queue_starts_nothing() -> None:
    queues = [_queue(0.0, 3), _queue(10.0, 3, version=2, stop_policy="Hold")]
    assert _judge([_ran("a", 9, 30)], *queues) == []
    assert _judge([_ran("a", 15, 30)], *queues) == ["1 ran in chaos/q, 0 allowed: a"]


def test_one_scanjob_twice_at_once() -> None:
    told = _judge([_ran("a-1", 1, 5, scanjob="a"), _ran("a-2", 4, 9, scanjob="a")])
    assert told == ["a-2 and a-1 ran at once"]


def test_of_what_no_leader_can_have_known_nothing_is_asked() -> None:
    both = [_ran("a-1", 1, 5, scanjob="a", uid="first"), _ran("a-1", 4, 9, scanjob="a")]
    assert _judge(both) == ["a-1 and a-1 ran at once"]
    assert _judge(both, unguaranteed={"first"}) == []


def test_one_that_never_ends() -> None:
    assert _judge([_ran("a", 1, None)]) == ["a still runs"]
