"""What the operator deletes is judged rightly: too early, while it was needed, or never."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.node import Container
from tests.chaos.retention import judge_retention
from tests.support.audit_objects import Seen

_ENDED = {
    "phase": "Succeeded",
    "finishedAt": "1970-01-01T00:00:10Z",
    "conditions": [{"type": "Finished", "status": "True"}],
}


def _job(at: float, what: str = "MODIFIED", *, name: str = "a", **fields: Any) -> Seen:
    """Moments are seconds of the Unix time; so are versions, in tenths."""
    status = fields.pop("status", {})
    spec = {"queueRef": {"name": "q"}, **fields}
    meta = {"name": name, "uid": name, "namespace": "chaos", "resourceVersion": str(int(at * 10))}
    return Seen("ScanJob", what, {"metadata": meta, "spec": spec, "status": status}, at)


def _queue(at: float, ttl: int | None = None) -> Seen:
    meta = {"name": "q", "namespace": "chaos", "resourceVersion": str(int(at * 10))}
    spec = {"defaults": {"ttlSecondsAfterFinished": ttl}}
    return Seen("ScanQueue", "MODIFIED", {"metadata": meta, "spec": spec}, at)


def _gone(at: float, **fields: Any) -> Seen:
    return _job(at, "DELETED", **({"status": _ENDED} | fields))


def _judge(*seen: Seen, ran: tuple[Container, ...] = (), by_users: tuple[str, ...] = ()) -> Any:
    return judge_retention(
        ran,
        seen,
        by_users=by_users,
        wall=lambda moment: moment,
        settled_at=lambda moment: moment - 3.0,
    )


def test_when_its_time_is_over() -> None:
    assert _judge(_gone(15.0, ttlSecondsAfterFinished=5)) == []
    assert _judge(_gone(13.5, ttlSecondsAfterFinished=5)) == [], "within what clocks differ"
    early = ["a was deleted 4 s before its time was over"]
    assert _judge(_gone(11.0, ttlSecondsAfterFinished=5)) == early
    assert _judge(_gone(11.0, ttlSecondsAfterFinished=5), by_users=("a",)) == []


def test_the_default_of_its_queue_as_it_was_heard_of_last() -> None:
    (told,) = _judge(_gone(40.0), _queue(1.0))
    assert "before its time was over" in told
    assert _judge(_gone(40.0), _queue(1.0, 20)) == []
    assert _judge(_gone(40.0), _queue(1.0, 20), _queue(39.0)) == []
    assert len(_judge(_gone(40.0), _queue(1.0, 20), _queue(30.0))) == 1
    assert len(_judge(_gone(40.0, ttlSecondsAfterFinished=60), _queue(1.0, 20))) == 1


@pytest.mark.parametrize(
    "status", [{"phase": "Running"}, _ENDED | {"rerunToken": "old"}], ids=["runs", "rerun"]
)
def test_what_has_not_ended(status: dict[str, Any]) -> None:
    told = _judge(_gone(90.0, ttlSecondsAfterFinished=5, rerunToken="new", status=status))
    assert told == [f"a was deleted before it had ended: {status['phase']}"]


def test_what_still_runs() -> None:
    ran = Container("a-1", "pod", "a", "chaos/q", 1.0, 99.0, ended=30.0)
    told = ["a was deleted while it ran"]
    assert _judge(_gone(29.0, ttlSecondsAfterFinished=5), ran=(ran,)) == told
    assert _judge(_gone(31.0, ttlSecondsAfterFinished=5), ran=(ran,)) == []


def test_what_another_waits_for() -> None:
    gone = _gone(30.0, ttlSecondsAfterFinished=5)
    needs: dict[str, Any] = {"dependsOn": [{"name": "a"}]}
    told = ["a was deleted while b waited for it"]
    assert _judge(_job(2.0, name="b", **needs), gone) == told
    assert _judge(_job(29.0, name="b", **needs), gone) == [], "not heard of yet"
    assert _judge(_job(2.0, name="b", suspend=True, **needs), gone) == []
    resumed = (_job(2.0, name="b", suspend=True, **needs), _job(29.0, name="b", **needs))
    assert _judge(*resumed, gone) == [], "waits, but since a moment ago only"
    began = _job(20.0, name="b", status={"attemptCount": 1}, **needs)
    assert _judge(_job(2.0, name="b", **needs), began, gone) == []


def test_what_is_kept_for_too_long() -> None:
    ended = _job(11.0, ttlSecondsAfterFinished=5, status=_ENDED)
    assert _judge(ended, _job(100.0, name="b")) == []
    assert _judge(ended, _job(200.0, name="b")) == [
        "a is still there 185 s after its time was over"
    ]


def test_what_another_waited_for_may_be_kept_longer() -> None:
    ended = _job(11.0, ttlSecondsAfterFinished=5, status=_ENDED)
    needs: dict[str, Any] = {"dependsOn": [{"name": "a"}]}
    waits = _job(12.0, name="b", **needs)
    began = _job(150.0, name="b", status={"attemptCount": 1}, **needs)
    assert _judge(ended, waits, began, _job(200.0, name="c")) == []
    (told,) = _judge(ended, waits, began, _job(300.0, name="c"))
    assert told == "a is still there 150 s after its time was over"
