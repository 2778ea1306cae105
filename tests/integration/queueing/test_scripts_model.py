"""The scripts in a real Redis beside the model: same replies, same keys, after every step."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from scanyard.queueing.operations import Operation
from scanyard.queueing.readings import Ranks
from tests.integration.queueing import strategies
from tests.integration.queueing.helpers import INSTALLATION, call_script
from tests.integration.queueing.model import ModelLedger, ModelRedis
from tests.support.ledger_audit import read_ledger
from tests.support.models import model_settings
from tests.support.redis_server import RedisServer

fences = st.integers(1, 3)
near = st.sampled_from([0, 0, 0, 0, 1, -1])


class ScriptsMachine(RuleBasedStateMachine):
    """Any number of processes with any belief send scripts, late duplicates and all."""

    redis: Redis  # with decoded replies
    raw: Redis  # without

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushall()
        self.model = ModelRedis()
        self.sent: list[tuple[str, tuple[Any, ...]]] = []
        self.snapshots: list[tuple[ModelLedger | None, dict[Any, Any]]] = []
        self.now = 1_000_000

    def send(self, name: str, *arguments: Any) -> None:
        """Send one command to Redis and to the model; their replies must agree."""
        self.sent.append((name, arguments))
        if name == "begin":
            expected, words = self.model.begin(*arguments), [*arguments, 10_000]
        elif name == "commit":
            expected, words = self.model.commit(*arguments), list(arguments)
        elif name == "chunk":
            expected = self.model.chunk(*arguments)
            words = [*arguments[:3], *_words(arguments[3])]
        else:
            expected = self.model.apply(*arguments)
            words = [*arguments[:2], *_words(arguments[2])]
        reply = call_script(self.redis, name if name == "apply" else f"rebuild_{name}", *words)
        assert (reply[:1] if reply[0] == "STALE" else reply) == expected

    @property
    def stored(self) -> ModelLedger:
        assert self.model.ledger is not None
        return self.model.ledger

    @rule(
        fence=fences,
        contents=strategies.contents,
        repeated=st.lists(st.integers(0, 2), max_size=3),
        committed=st.sampled_from([True, True, True, False]),
    )
    def rebuild(
        self, fence: int, contents: Sequence[Any], repeated: Sequence[int], committed: bool
    ) -> None:
        """A rebuild as Ledger does it, with late duplicates; it may never be committed."""
        self.now = max(self.now, self.model.ledger.seq if self.model.ledger else 0) + 100
        self.send("begin", fence, self.now)
        chunks = [contents[first : first + 2] for first in range(0, len(contents), 2)]
        for index, chunk in enumerate(chunks):
            self.send("chunk", fence, self.now, index, chunk)
        for index in repeated:
            if index < len(chunks):
                self.send("chunk", fence, self.now, index, chunks[index])
        if committed:
            self.send("commit", fence, self.now, len(chunks))

    @rule(fence=fences, ahead=st.integers(-1, 2))
    def begin(self, fence: int, ahead: int) -> None:
        self.send("begin", fence, (self.model.ledger.seq if self.model.ledger else 5) + ahead)

    @precondition(lambda self: self.model.ledger)
    @rule(
        above=near,
        ahead=near,
        beyond=st.integers(-1, 1),
        placements=st.lists(strategies.placements, min_size=1, max_size=3),
    )
    def chunk(self, above: int, ahead: int, beyond: int, placements: Sequence[Any]) -> None:
        index = max(0, self.stored.chunks + beyond)
        fence, generation = self.stored.fence + above, self.stored.generation + ahead
        self.send("chunk", fence, generation, index, placements)

    @precondition(lambda self: self.model.ledger)
    @rule(above=near, ahead=near, beyond=near)
    def commit(self, above: int, ahead: int, beyond: int) -> None:
        fence, generation = self.stored.fence + above, self.stored.generation + ahead
        self.send("commit", fence, generation, self.stored.chunks + beyond)

    @precondition(lambda self: self.model.ledger and not self.model.ledger.building)
    @rule(batch=strategies.batches)
    def change(self, batch: Sequence[Operation]) -> None:
        self.send("apply", self.stored.fence, self.stored.seq + 1, batch)

    @precondition(lambda self: self.model.ledger)
    @rule(above=near, ahead=st.integers(-2, 2), batch=strategies.batches)
    def change_as_anyone(self, above: int, ahead: int, batch: Sequence[Operation]) -> None:
        self.send("apply", self.stored.fence + above, self.stored.seq + ahead, batch)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def late_duplicate(self, data: st.DataObject) -> None:
        before = copy.deepcopy(self.model.ledger)
        name, arguments = data.draw(st.sampled_from(self.sent))
        self.send(name, *arguments)
        if before and not before.building and self.model.ledger != before:
            # Only what the ledger has not seen may run: it was lost, and is next again.
            assert name == "begin" or arguments[1] == before.seq + 1

    @rule()
    def take_snapshot(self) -> None:
        dumps = {key: self.raw.dump(key) for key in self.raw.scan_iter()}
        self.snapshots.append((copy.deepcopy(self.model.ledger), dumps))

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        ledger, dumps = data.draw(st.sampled_from(self.snapshots))
        self.redis.flushall()
        for key, dump in dumps.items():
            self.raw.restore(key, 0, dump)
        self.model.ledger = copy.deepcopy(ledger)

    @rule()
    def lose_everything(self) -> None:
        self.redis.flushall()
        self.model.ledger = None

    @precondition(lambda self: self.model.ledger)
    @rule(above=near, ahead=near)
    def read(self, above: int, ahead: int) -> None:
        """Readings refuse as changes do, and agree with the model."""
        fence, seq = self.stored.fence + above, self.stored.seq + ahead
        heads = call_script(self.redis, "heads", fence, seq, 2, "team/a")
        scan = call_script(self.redis, "scan", fence, seq, 0, 100)
        refused = self.model.refuse(fence) or (["STALE"] if ahead else [])
        if refused:
            assert heads[0] == scan[0] == refused[0]
            return
        places = self.stored.places
        waiting = [(s, job) for job, (queue, s) in places.waiting.items() if queue == "team/a"]
        parked = sum(queue == "team/a" for queue, _, _ in places.parked.values())
        holding = sum(queue == "team/a" for queue, _ in places.holding.values())
        counts = [str(len(waiting)), str(parked), str(holding)]
        firsts = [text for s, job in sorted(waiting)[:2] for text in (job, f"{s:g}")]
        assert heads[3] == counts + [text.replace("-0", "0") for text in firsts]
        assert (
            set(scan[2::4]) == places.waiting.keys() | places.parked.keys() | places.holding.keys()
        )

    @precondition(lambda self: self.model.ledger)
    @rule(above=near, ahead=near, ranks=strategies.ranks, most=st.integers(1, 4))
    def read_lanes(self, above: int, ahead: int, ranks: Ranks, most: int) -> None:
        fence, seq = self.stored.fence + above, self.stored.seq + ahead
        words = [word for queue in ("team/a", "team/b") for word in (queue, *ranks.arguments())]
        reply = call_script(self.redis, "lanes", fence, seq, most, 2, *words)
        refused = self.model.refuse(fence) or (["STALE"] if ahead else [])
        if refused:
            assert reply[0] == refused[0]
            return
        for queue, found in zip(("team/a", "team/b"), reply[1:], strict=True):
            *lanes, left_out = found
            read, first = self.stored.places.lanes(queue, ranks, most, 2)
            assert [lane[1::2] for lane in lanes] == read
            assert [lane[0] for lane in lanes] == [jobs[0].partition("/")[0] for jobs in read]
            assert left_out[2:] == [job.partition("/")[0] + "/" for job in first]

    @invariant()
    def redis_equals_the_model(self) -> None:
        self.model.assert_equals(read_ledger(self.redis, INSTALLATION))


def _words(operations: Sequence[Operation]) -> list[str]:
    return [word for operation in operations for word in operation.arguments()]


def test_the_scripts_do_what_the_model_does(shared_redis: RedisServer) -> None:
    with (
        Redis.from_url(shared_redis.url, decode_responses=True) as decoded,
        Redis.from_url(shared_redis.url) as undecoded,
    ):

        class Machine(ScriptsMachine):
            redis = decoded
            raw = undecoded

        run_state_machine_as_test(Machine, settings=model_settings(steps=30))
