"""Who is told its place and when, what was measured, and whose question comes next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from scanyard.controller.context import Context
from scanyard.controller.explaining.forecast import outlook_of
from scanyard.controller.explaining.positions import SHOWN
from scanyard.controller.explaining.questions import PAUSE, Questions
from scanyard.controller.explaining.refresher import Refresher, is_news
from scanyard.controller.explaining.run_times import RunTimes
from scanyard.lifecycle.decision import Holding
from scanyard.lifecycle.explaining.outlook import Outlook
from scanyard.lifecycle.job import Job, read_job
from scanyard.lifecycle.status import JobStatus
from scanyard.queueing.readings import Head, QueueHeads
from tests.support.objects import NOW, at, open_attempt, raw_job
from tests.unit.controller.shell import Ledger
from tests.unit.controller.yard import Yard

_HALF_MINUTE = timedelta(seconds=31)
_QUEUE = "team/default"


class _Line(Ledger):
    """The order of the queue, as a test says; counts how often it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self.read = 0

    async def heads(self, queues: list[str], window: int) -> dict[str, QueueHeads]:
        self.read += 1
        heads = tuple(Head(f"team/x/{uid}", float(i)) for i, uid in enumerate(self.order[:window]))
        return {queue: QueueHeads(len(self.order), 0, 0, heads) for queue in queues}


async def _told(yard: Yard, refresher: Refresher) -> None:
    """Rounds until nothing more is to be written."""
    for _ in range(20):
        await refresher.refresh()
        await yard.settle()


async def _yard_of(count: int) -> tuple[Yard, _Line, Refresher]:
    """So many that wait and know it, in order of their names; half a minute ago."""
    yard, line = Yard(maxConcurrent=0), _Line()
    for number in range(count):
        yard.create(f"scan-{number:03}")
    await yard.settle()
    await yard.settle(announce=True)
    line.order = [yard.api.jobs[name]["metadata"]["uid"] for name in sorted(yard.api.jobs)]
    refresher = Refresher(yard.context, cast("Any", line))
    await refresher.refresh()
    yard.now += _HALF_MINUTE
    return yard, line, refresher


def _positions(yard: Yard) -> dict[str, int]:
    told = {name: raw["status"].get("queuePosition") for name, raw in yard.api.jobs.items()}
    return {name: position for name, position in told.items() if position is not None}


async def test_the_first_fifty_are_told_their_place_and_nobody_else() -> None:
    yard, _, refresher = await _yard_of(SHOWN + 10)
    await _told(yard, refresher)
    assert _positions(yard) == {f"scan-{n:03}": n + 1 for n in range(SHOWN)}


async def test_who_falls_back_loses_its_place_and_who_comes_near_gets_one() -> None:
    yard, line, refresher = await _yard_of(SHOWN + 1)
    await _told(yard, refresher)
    line.order = [line.order[-1], *line.order[:-1]]
    yard.now += timedelta(seconds=6)
    await _told(yard, refresher)
    assert _positions(yard)["scan-000"] == 1, "half a minute is not over"
    assert _positions(yard)[f"scan-{SHOWN:03}"] == 1, "it was told nothing of late"
    yard.now += _HALF_MINUTE
    await _told(yard, refresher)
    assert _positions(yard) == {f"scan-{n:03}": n + 2 for n in range(SHOWN - 1)} | {
        f"scan-{SHOWN:03}": 1
    }


async def test_a_round_writes_ten_at_most_and_the_next_goes_on() -> None:
    yard, _, refresher = await _yard_of(25)
    counts = []
    for _ in range(4):
        await refresher.refresh()
        counts.append(len(await yard.settle()))
    assert [len(_positions(yard)), max(counts) <= 20] == [25, True]
    assert counts[0] < counts[0] + counts[1] < sum(counts)


async def test_a_new_leader_writes_nothing_for_half_a_minute() -> None:
    yard, line, _ = await _yard_of(3)
    refresher = Refresher(yard.context, cast("Any", line))
    await _told(yard, refresher)
    assert _positions(yard) == {}
    yard.now += _HALF_MINUTE
    await _told(yard, refresher)
    assert len(_positions(yard)) == 3


async def test_without_a_ledger_nothing_is_read() -> None:
    yard, line, refresher = await _yard_of(3)
    yard.context.ledger_lost("Redis is away")
    before = line.read
    await _told(yard, refresher)
    assert line.read == before


async def test_a_place_is_gone_with_the_wait() -> None:
    yard, _, refresher = await _yard_of(1)
    await _told(yard, refresher)
    yard.spec("scan-000", suspend=True)
    await yard.settle()
    assert yard.phase("scan-000") == "Suspended"
    assert _positions(yard) == {}
    assert yard.context.shown == set()


@pytest.mark.parametrize(
    ("seconds", "news"),
    [(110, False), (130, False), (170, True), (70, True), (None, True)],
)
def test_an_estimate_that_moves_a_little_is_left(seconds: int | None, *, news: bool) -> None:
    def time(later: int) -> datetime:
        return NOW + timedelta(seconds=later)

    told = JobStatus(queue_position=3, estimated_start=time(10), estimated_start_latest=time(120))
    latest = None if seconds is None else time(seconds)
    assert is_news(told, Outlook(3, time(10), latest), NOW) == news
    assert is_news(told, Outlook(2, time(10), time(120)), NOW)


def _finished(uid: str, *, seconds: int, ended: int, **fields: Any) -> Job:
    began = at(ended - seconds)
    times = {"admittedAt": began, "startedAt": began, "endedAt": at(ended)}
    status = open_attempt(**times | fields)
    raw = raw_job(status=status)
    raw["metadata"]["uid"] = uid
    return read_job(raw)


def test_run_times_are_those_of_the_newest_attempts_whatever_the_order_of_the_list() -> None:
    times = RunTimes()
    for number in (*range(0, 200, 2), *range(1, 200, 2)):
        times.learn(None, _finished(f"uid-{number}", seconds=number + 1, ended=number))
    assert sorted(times.of(_QUEUE)) == [float(n + 1) for n in range(136, 200)]
    assert times.of("team/other") == []


def test_an_attempt_is_measured_once_and_only_if_it_ran() -> None:
    times = RunTimes()
    runs = read_job(raw_job(status=open_attempt(startedAt=at(-4))))
    ended = read_job(raw_job(status=open_attempt(startedAt=at(-4), endedAt=at(5))))
    times.learn(None, runs)
    times.learn(runs, ended)
    times.learn(ended, ended)
    times.learn(None, _finished("refused", seconds=3, ended=0, startedAt=None))
    assert times.of(_QUEUE) == [10.0]


def _known(context: Context) -> None:
    for number in range(20):
        context.run_times.learn(None, _finished(f"uid-{number}", seconds=60, ended=-number))


@pytest.mark.parametrize(
    ("queue", "known", "told"),
    [
        ({"maxConcurrent": 1}, True, True),
        ({"maxConcurrent": 1}, False, False),
        ({"maxConcurrent": 2}, True, False),
        ({"maxConcurrent": 1, "stopPolicy": "Hold"}, True, False),
    ],
    ids=["full", "nothing was measured", "a slot is free", "held"],
)
async def test_an_estimate_is_absent_where_nobody_can_know(
    queue: dict[str, Any], *, known: bool, told: bool
) -> None:
    yard = Yard(**queue)
    yard.create("runs", status=open_attempt(startedAt=at(-4)))
    yard.create("waits")
    uids = {name: raw["metadata"]["uid"] for name, raw in yard.api.jobs.items()}
    if known:
        _known(yard.context)
    await yard.settle()
    standing = yard.context.placement.get(uids["runs"])
    assert standing is not None
    assert isinstance(standing.place, Holding)
    waits = yard.context.mirror.jobs.get(uids["waits"])
    assert waits is not None
    outlook = outlook_of(yard.context, waits, yard.context.mirror.queues.named(_QUEUE), 1)
    assert outlook.position == 1
    assert (outlook.earliest is not None) == (outlook.latest is not None) == told
    if outlook.earliest is not None and outlook.latest is not None:
        assert NOW + timedelta(seconds=40) <= outlook.earliest <= outlook.latest
        assert outlook.latest <= NOW + timedelta(seconds=75)


def _asking(namespace: str, number: int, **status: Any) -> Job:
    raw = raw_job(status={"observedGeneration": 1, "phase": "Queued"} | status)
    notes = {"scanyard.dev/explain": "now"}
    raw["metadata"] |= {"namespace": namespace, "uid": f"{number}", "annotations": notes}
    return read_job(raw)


def test_namespaces_take_turns_in_asking() -> None:
    questions = Questions()
    for number in range(5):
        questions.heard(_asking("loud", number), NOW)
    questions.heard(_asking("quiet", 9), NOW + timedelta(seconds=1))
    order = [questions.next(NOW + timedelta(seconds=1)) for _ in range(7)]
    assert order.index("9") == 1
    assert set(order) == {"0", "1", "2", "3", "4", "9", None}


@pytest.mark.parametrize("token", ["now", "before"])
def test_a_scanjob_is_answered_once_and_the_next_time_after_a_pause(token: str) -> None:
    questions = Questions()
    answered = {"explanation": {"token": token, "at": at(-1)}}
    questions.heard(_asking("team", 1, **answered), NOW)
    assert questions.next(NOW) is None
    later = NOW - timedelta(seconds=1) + PAUSE
    assert questions.next(later) == (None if token == "now" else "1")
    assert questions.next(later) is None


def test_who_does_not_wait_is_not_answered() -> None:
    questions = Questions()
    questions.heard(_asking("team", 1, **open_attempt()), NOW)
    assert questions.next(NOW) is None
