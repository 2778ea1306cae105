"""Finished ScanJobs are deleted in time, a few at a time, and never with something still open."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.controller.admission.placement import Standing
from scanyard.controller.handlers import on_scanqueue
from scanyard.controller.timetable import Timetable
from scanyard.controller.timing.expiry import delete_expired
from scanyard.kube.errors import KubeRefusedError, KubeUnavailableError
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.job import Job
from tests.support.objects import NOW, at, open_attempt, raw_queue
from tests.unit.controller.yard import Yard, ended

_TTL: Final[dict[str, Any]] = {"ttlSecondsAfterFinished": 100}
_LATEST = timedelta(seconds=111)


async def _deleted_at(yard: Yard, *seconds: float) -> list[str]:
    """The names that were deleted when the clock showed these seconds after NOW, in order."""
    before = len(yard.api.deletes)
    for second in seconds:
        yard.now = NOW + timedelta(seconds=second)
        await delete_expired(yard.context)
    return [item["name"] for item in yard.api.deletes[before:]]


async def test_it_goes_after_its_time_and_no_earlier() -> None:
    yard = Yard()
    yard.create("kept", status=ended("Succeeded"))
    yard.create("waits", **_TTL)
    yard.create("goes", status=ended("Failed"), **_TTL)
    assert await _deleted_at(yard, 0, 99) == []
    assert await _deleted_at(yard, 111, 112, 10_000) == ["goes"]
    assert set(yard.api.jobs) == {"kept", "waits"}


async def test_an_end_that_is_written_later_counts() -> None:
    yard = Yard()
    yard.create("scan", **_TTL)
    yard.status("scan", ended("Succeeded", NOW + timedelta(seconds=50)))
    assert await _deleted_at(yard, 149) == []
    assert await _deleted_at(yard, 161) == ["scan"]


@pytest.mark.parametrize(
    ("change", "gone_at"),
    [
        ({"ttlSecondsAfterFinished": 10}, 12),
        ({"ttlSecondsAfterFinished": 1000}, 1061),
        ({"ttlSecondsAfterFinished": None}, None),
        ({"rerunToken": "again"}, None),
    ],
)
async def test_a_change_counts_at_once(change: dict[str, Any], gone_at: float | None) -> None:
    yard = Yard()
    yard.create("scan", status=ended("Succeeded"), **_TTL)
    yard.spec("scan", **change)
    assert await _deleted_at(yard, 9) == []
    if gone_at is None:
        assert await _deleted_at(yard, 100, 111, 5000) == []
    else:
        assert await _deleted_at(yard, gone_at) == ["scan"]


async def test_the_queue_says_so_for_those_that_say_nothing() -> None:
    yard = Yard()
    yard.create("scan", status=ended("Succeeded"))
    yard.create("own", status=ended("Succeeded"), ttlSecondsAfterFinished=5000)
    changed = raw_queue(defaults=_TTL)
    changed["metadata"]["resourceVersion"] = "60"
    on_scanqueue(yard.context, "MODIFIED", changed)
    assert await _deleted_at(yard, 99) == []
    back = raw_queue()
    back["metadata"]["resourceVersion"] = "61"
    on_scanqueue(yard.context, "MODIFIED", back)
    assert await _deleted_at(yard, 111) == []
    again = raw_queue(defaults=_TTL)
    again["metadata"]["resourceVersion"] = "62"
    on_scanqueue(yard.context, "MODIFIED", again)
    assert await _deleted_at(yard, 111) == ["scan"]


async def test_a_rerun_that_the_operator_has_not_heard_of_is_not_lost() -> None:
    yard = Yard()
    yard.create("scan", status=ended("Succeeded"), **_TTL)
    spec = yard.api.jobs["scan"]["spec"] | {"rerunToken": "again"}
    yard.api.change("scan", spec=spec)  # the event is on its way
    assert await _deleted_at(yard, 111) == ["scan"], "it was tried"
    assert "scan" in yard.api.jobs
    assert await _deleted_at(yard, 112, 500) == []


async def test_a_namesake_is_another() -> None:
    yard = Yard()
    yard.create("scan", status=ended("Succeeded"), **_TTL)
    old = yard.api.jobs["scan"]
    yard.api.jobs["scan"] = old | {"metadata": old["metadata"] | {"uid": "another"}}
    await _deleted_at(yard, 111)
    assert "scan" in yard.api.jobs


async def test_it_stays_while_an_attempt_is_open_or_a_slot_is_held() -> None:
    yard = Yard()
    yard.create("open", status=ended("Succeeded") | open_attempt(), **_TTL)
    yard.create("held", status=ended("Cancelled"), **_TTL)
    uid = yard.api.jobs["held"]["metadata"]["uid"]
    yard.context.placement.set(uid, Standing(f"team/held/{uid}", Holding("team/default", 1)))
    assert await _deleted_at(yard, 111, 10_000) == []
    yard.context.placement.set(uid, None)
    assert await _deleted_at(yard, 10_059) == []
    assert await _deleted_at(yard, 10_061) == ["held"]


async def test_nothing_goes_before_it_is_known_who_holds_a_slot() -> None:
    yard = Yard()
    yard.create("scan", status=ended("Succeeded"), **_TTL)
    yard.context.placement.built = False
    assert await _deleted_at(yard, 111) == []
    yard.context.placement.built = True
    assert await _deleted_at(yard, 112) == ["scan"]


async def test_it_stays_for_those_that_wait_for_it() -> None:
    """To them, a ScanJob that is gone would be missing."""
    yard = Yard()
    yard.create("first", status=ended("Succeeded"), **_TTL)
    yard.create("second", "first")
    assert await _deleted_at(yard, 111, 200) == []
    yard.status("second", open_attempt() | {"dependenciesMetAt": at(0)})
    assert await _deleted_at(yard, 300) == ["first"]


async def test_many_at_once_go_a_few_at_a_time(caplog: pytest.LogCaptureFixture) -> None:
    yard = Yard()
    for number in range(70):
        yard.create(f"scan-{number}", status=ended("Succeeded"), **_TTL)
    with caplog.at_level(logging.INFO):
        counts = [len(await _deleted_at(yard, 120 + second)) for second in range(5)]
    assert counts == [20, 20, 20, 10, 0]
    assert len(caplog.records) == 4, "one line for each batch"


async def test_what_is_not_due_is_not_looked_at() -> None:
    yard = Yard()
    for number in range(3000):
        yard.create(f"scan-{number}", status=ended("Succeeded"), ttlSecondsAfterFinished=9000)
    yard.create("due", status=ended("Succeeded"), **_TTL)
    looked_at: list[str] = []
    found = yard.context.mirror.jobs.get

    def counted(uid: str) -> Job | None:
        looked_at.append(uid)
        return found(uid)

    yard.context.mirror.jobs.get = counted  # type: ignore[method-assign]
    yard.now = NOW + _LATEST
    await delete_expired(yard.context)
    assert [uid.partition(".")[0] for uid in looked_at] == ["due"]


async def test_one_that_is_refused_does_not_keep_the_others() -> None:
    yard = Yard()
    for name in ("a", "b", "c"):
        yard.create(name, status=ended("Succeeded"), **_TTL)
        yard.api.refuses[name] = KubeRefusedError(403, "a webhook says no")
    del yard.api.refuses["c"]
    await _deleted_at(yard, 111)
    assert set(yard.api.jobs) == {"a", "b"}
    assert await _deleted_at(yard, 150) == [], "not again and again"
    await _deleted_at(yard, 172)
    assert set(yard.api.jobs) == set()


async def test_an_api_server_that_is_away_is_not_asked_for_each() -> None:
    yard = Yard()
    for name in ("a", "b", "c"):
        yard.create(name, status=ended("Succeeded"), **_TTL)
        yard.api.refuses[name] = KubeUnavailableError(0, "no answer")
    assert len(await _deleted_at(yard, 111)) == 1
    yard.api.refuses.clear()
    await _deleted_at(yard, 112, 180)
    assert yard.api.jobs == {}


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.sampled_from("abc"), st.integers(0, 50)),
            st.tuples(st.just("unset"), st.sampled_from("abc"), st.just(0)),
            st.tuples(st.just("pop"), st.just(""), st.integers(0, 60)),
        ),
        max_size=30,
    )
)
def test_a_timetable_is_a_sorted_dict(steps: list[tuple[str, str, int]]) -> None:
    table, model = Timetable(), dict[str, int]()
    for step, key, second in steps:
        if step == "set":
            table.set(key, NOW + timedelta(seconds=second))
            model[key] = second
        elif step == "unset":
            table.set(key, None)
            model.pop(key, None)
        else:
            due = sorted((time, each) for each, time in model.items() if time <= second)
            expected = due[0][1] if due else None
            assert table.pop_due(NOW + timedelta(seconds=second)) == expected
            model.pop(expected or "", None)
        assert len(table) == len(model)
