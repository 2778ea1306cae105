"""What the ledger tells: heads in order, counts, parked lists, and pages for the sweep."""

from __future__ import annotations

import pytest

from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.ledger import MOST_OPERATIONS, Ledger
from scanyard.queueing.operations import Adopt, Drop, Enqueue, OpResult, Park, Take
from scanyard.queueing.readings import (
    Entry,
    Head,
    Lane,
    Lanes,
    ParkedJob,
    PlaceKind,
    QueueHeads,
    Ranks,
    ScanCursor,
    Totals,
)
from tests.integration.queueing.helpers import OTHER, Q


async def test_heads_come_by_score_and_ties_by_text(ledger: Ledger) -> None:
    scores = {"a/z/1": 2.0, "a/b/2": 1.5, "a/b/1": 1.5, "b/a/0": 1.5, "z/z/9": -1e15}
    await ledger.apply([Enqueue(Q, job, score) for job, score in scores.items()])
    heads = (await ledger.heads([Q], 4))[Q].heads
    assert [head.job for head in heads] == ["z/z/9", "a/b/1", "a/b/2", "b/a/0"]
    assert heads[0] == Head("z/z/9", -1e15)


async def test_lanes_come_by_rank_then_by_their_first(ledger: Ledger) -> None:
    scores = {"a/z/1": 5.0, "a/b/2": 1.0, "a-b/c/3": 1.0, "ops/d/4": 0.5, "z/e/5": -9.0}
    await ledger.apply([Enqueue(Q, job, score) for job, score in scores.items()])
    ranks = Ranks(0.0, {"ops": 0.25, "z": None, "nobody": -1.0})
    found = await ledger.lanes({Q: ranks, OTHER: Ranks()}, 2, 2)
    assert found == {
        Q: Lanes(
            # "a-b/" comes before "a/", as their jobs do in the queue's order.
            (
                Lane("a-b", (Head("a-b/c/3", 1.0),)),
                Lane("a", (Head("a/b/2", 1.0), Head("a/z/1", 5.0))),
            ),
            left_out=(0.25, 0.5, "ops/"),
        ),
        OTHER: Lanes(()),
    }


async def test_a_holder_of_no_namespace_is_in_no_lanes_way(ledger: Ledger) -> None:
    """A Pod that somebody else labelled may say nothing of whose it is."""
    await ledger.apply([Adopt(Q, "/uid-9", "uid-9/0/1"), Enqueue(Q, "a/b/1", 1.0)])
    found = await ledger.lanes({Q: Ranks(-1.0, {"": 1.5})}, 2, 2)
    assert [lane.namespace for lane in found[Q].lanes] == ["a"]


async def test_what_is_read_of_lanes_is_bounded(ledger: Ledger) -> None:
    for most, window in ((0, 1), (65, 64)):
        with pytest.raises(ValueError, match="are allowed"):
            await ledger.lanes({Q: Ranks()}, most, window)


async def test_scores_keep_their_milliseconds(ledger: Ledger) -> None:
    scores = [1_800_000_000_001.0, -998_199_999_999_999.0, 1_001_800_000_000_003.0]
    await ledger.apply([Enqueue(Q, f"a/b/{i}", score) for i, score in enumerate(scores)])
    heads = (await ledger.heads([Q], 3))[Q].heads
    assert sorted(head.score for head in heads) == sorted(scores)


async def test_heads_count_what_waits_is_parked_and_runs(ledger: Ledger) -> None:
    await ledger.apply(
        [
            *(Enqueue(Q, f"a/wait/{i}", float(i)) for i in range(5)),
            *(Park(Q, f"a/park/{i}", "time", float(i)) for i in range(3)),
            *(Adopt(Q, f"a/run/{i}", f"{i}/0/1") for i in range(2)),
            Enqueue(OTHER, "a/other/1", 1.0),
        ]
    )
    heads = await ledger.heads([Q, OTHER, "team/empty"], 1)
    assert heads == {
        Q: QueueHeads(5, 3, 2, (Head("a/wait/0", 0.0),)),
        OTHER: QueueHeads(1, 0, 0, (Head("a/other/1", 1.0),)),
        "team/empty": QueueHeads(0, 0, 0, ()),
    }
    assert (await ledger.heads([Q], 0))[Q] == QueueHeads(5, 3, 2, ())
    assert await ledger.check() == Totals(jobs=11, running=2)


async def test_a_window_is_bounded(ledger: Ledger) -> None:
    for window in (-1, 4097):
        with pytest.raises(ValueError, match="window"):
            await ledger.heads([Q], window)
        with pytest.raises(ValueError, match="window"):
            await ledger.parked("time", window)


async def test_many_queues_are_read_in_several_bounded_calls(ledger: Ledger) -> None:
    queues = [f"team/q{i}" for i in range(600)]
    for first in range(0, 600, 200):
        await ledger.apply([Enqueue(q, f"a/b/{q[6:]}", 1.0) for q in queues[first : first + 200]])
    heads = await ledger.heads(queues, 16)
    assert list(heads) == queues
    assert all(one.waiting == 1 and len(one.heads) == 1 for one in heads.values())


async def test_ranks_tell_how_many_go_before_and_nothing_of_those_out_of_order(
    ledger: Ledger,
) -> None:
    await ledger.apply(
        [
            *(Enqueue(Q, f"a/wait/{i}", float(-i)) for i in range(5)),
            Enqueue(OTHER, "a/other/1", 9.0),
            Park(Q, "a/park/1", "time", -99.0),
            Adopt(Q, "a/run/1", "1/0/1"),
        ]
    )
    asked = [(Q, f"a/wait/{i}") for i in range(5)]
    assert await ledger.ranks(asked) == [4, 3, 2, 1, 0]
    elsewhere = [(OTHER, "a/other/1"), (Q, "a/other/1"), (Q, "a/park/1"), (Q, "a/run/1")]
    assert await ledger.ranks(elsewhere) == [0, None, None, None]
    assert await ledger.ranks([]) == []
    with pytest.raises(ValueError, match="at most"):
        await ledger.ranks([(Q, "a/b/1")] * 4097)


async def test_a_blocker_lists_its_jobs_of_all_queues_by_score(ledger: Ledger) -> None:
    await ledger.apply(
        [
            Park(Q, "a/b/1", "after/a/x", 3.0),
            Park(OTHER, "a/b/2", "after/a/x", 1.0),
            Park(Q, "a/b/3", "time", 0.0),
        ]
    )
    assert await ledger.parked("after/a/x", 10) == (
        ParkedJob(OTHER, "a/b/2", 1.0),
        ParkedJob(Q, "a/b/1", 3.0),
    )
    assert await ledger.parked("after/a/x", 1) == (ParkedJob(OTHER, "a/b/2", 1.0),)
    assert await ledger.parked("after/a/x", 0) == ()
    assert await ledger.parked("nothing", 5) == ()


async def test_the_sweep_sees_every_entry_that_stays_while_others_come_and_go(
    ledger: Ledger,
) -> None:
    placements = [Enqueue(Q, f"a/stays/{i}", float(i)) for i in range(1500)]
    await ledger.rebuild(7, LedgerContents(placements))
    seen: dict[str, Entry] = {}
    cursor: ScanCursor | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = await ledger.entries(cursor, about=100)
        seen |= {entry.job: entry for entry in page.entries}
        cursor = page.next
        pages += 1
        await ledger.apply([Enqueue(Q, f"a/new{pages}/{i}", 1.0) for i in range(100)])
        await ledger.apply([Drop(f"a/new{pages}/{i}") for i in range(100)])
    assert {placement.job for placement in placements} <= seen.keys()
    assert seen["a/stays/7"] == Entry("a/stays/7", PlaceKind.WAITING, Q, "")
    assert pages > 5


async def test_an_entry_tells_its_blocker_or_attempt(ledger: Ledger) -> None:
    await ledger.apply([Park(Q, "a/b/1", "time", 1.0), Adopt(OTHER, "a/b/2", "2/0/4")])
    assert set((await ledger.entries()).entries) == {
        Entry("a/b/1", PlaceKind.PARKED, Q, "time"),
        Entry("a/b/2", PlaceKind.HOLDING, OTHER, "2/0/4"),
    }


async def test_a_sweep_that_a_rebuild_interrupts_begins_anew(ledger: Ledger) -> None:
    placements = [Enqueue(Q, f"a/b/{i}", float(i)) for i in range(600)]
    await ledger.rebuild(7, LedgerContents(placements))
    page = await ledger.entries(about=100)
    assert page.next
    await ledger.rebuild(7, LedgerContents(placements))
    seen: set[str] = set()
    cursor: ScanCursor | None = page.next
    while cursor is not None:
        page = await ledger.entries(cursor, about=100)
        seen |= {entry.job for entry in page.entries}
        cursor = page.next
    assert len(seen) == 600


async def test_a_batch_runs_in_its_order_and_is_bounded(ledger: Ledger) -> None:
    job = "a/b/1"
    results = await ledger.apply([Enqueue(Q, job, 1.0), Take(Q, job, "1/0/1", 1), Drop(job)])
    assert results == [OpResult.QUEUED, OpResult.TAKEN, OpResult.HOLDING]
    assert await ledger.apply([]) == []
    with pytest.raises(ValueError, match="at most 256"):
        await ledger.apply([Drop(job)] * (MOST_OPERATIONS + 1))
