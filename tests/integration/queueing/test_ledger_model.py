"""Leaders on a bad line beside the model: each change is made at most once, and in its order."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis as SyncRedis

from scanyard.queueing.channel import Timing
from scanyard.queueing.connect import open_client
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import Fenced, LedgerUnavailable, Stale
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.operations import Operation, Placement
from scanyard.queueing.scripts import load_script
from tests.integration.queueing import strategies
from tests.integration.queueing.helpers import INSTALLATION
from tests.integration.queueing.leaders import BadLine, Fate, ModelLeader
from tests.integration.queueing.model import ModelLedger, ModelRedis
from tests.support.ledger_audit import read_ledger
from tests.support.models import model_settings
from tests.support.redis_server import RedisServer

#: Only a test decides what becomes of a command, never a machine that is slow for a while.
PATIENT_SECONDS = 60.0
#: One try for each command.
ONE_TRY = Timing(
    give_up_seconds=0.0, first_backoff_seconds=0.0, command_timeout_seconds=PATIENT_SECONDS
)

fates = st.lists(
    st.sampled_from([Fate.ANSWERED, Fate.ANSWERED, Fate.LOST, Fate.UNANSWERED, Fate.DELAYED]),
    max_size=3,
)
numbers = st.integers(0, 9)


class LeadersMachine(RuleBasedStateMachine):
    """Leaders come, go, freeze and thaw; Redis is flushed and rolled back; commands come late."""

    server: RedisServer
    redis: SyncRedis
    raw: SyncRedis

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushall()
        self.runner = asyncio.Runner()
        self.model = ModelRedis()
        self.leaders: list[tuple[Ledger, BadLine, ModelLeader]] = []
        self.close: list[Callable[[], Awaitable[None]]] = []
        self.snapshots: list[tuple[ModelLedger | None, dict[Any, Any]]] = []
        self.now = 1_000_000

    def teardown(self) -> None:
        for close in self.close:
            self.runner.run(_await(close()))
        self.runner.close()

    @initialize(contents=strategies.contents)
    def first_leader(self, contents: Sequence[Placement]) -> None:
        self.new_leader(1)
        self.rebuild(0, contents, [], 100)

    @precondition(lambda self: len(self.leaders) < 4)
    @rule(above=st.sampled_from([0, 1, 1]))
    def new_leader(self, above: int) -> None:
        """A process starts to lead, by mistake perhaps with the fence of another."""
        fence = max((model.fence for _, _, model in self.leaders), default=6) + above
        client = open_client(self.server.url, command_timeout_seconds=PATIENT_SECONDS)
        self.close.append(client.aclose)
        ledger = Ledger(client, INSTALLATION, timing=ONE_TRY, unix_microseconds=lambda: self.now)
        self.leaders.append((ledger, BadLine(client), ModelLeader(self.model, fence)))

    @rule(who=numbers, contents=strategies.contents, fates=fates, elapsed=st.integers(-50, 500))
    def rebuild(
        self, who: int, contents: Sequence[Placement], fates: Sequence[Fate], elapsed: int
    ) -> None:
        self.now += elapsed
        ledger, model = self.leader(who, fates)
        chunks = [contents] if contents else []
        self.both(
            ledger.rebuild(model.fence, LedgerContents(contents)),
            lambda: model.rebuild(self.now, chunks),
        )

    @rule(who=numbers, batch=strategies.batches, fates=fates)
    def change(self, who: int, batch: Sequence[Operation], fates: Sequence[Fate]) -> None:
        ledger, model = self.leader(who, fates)
        self.both(ledger.apply(batch), lambda: model.apply(batch))

    @rule(who=numbers, batch=strategies.batches)
    def change_undisturbed(self, who: int, batch: Sequence[Operation]) -> None:
        self.change(who, batch, [])

    @rule(who=numbers, fates=fates)
    def check(self, who: int, fates: Sequence[Fate]) -> None:
        ledger, model = self.leader(who, fates)
        self.both(_nothing(ledger.check()), model.check)

    @precondition(lambda self: any(model.delayed for _, _, model in self.leaders))
    @rule(data=st.data())
    def a_delayed_command_arrives(self, data: st.DataObject) -> None:
        lines = [(line, model) for _, line, model in self.leaders if model.delayed]
        line, model = data.draw(st.sampled_from(lines))
        index = data.draw(st.integers(0, len(model.delayed) - 1))
        self.runner.run(line.arrive(index))
        model.delayed.pop(index)(self.model)

    @rule()
    def lose_everything(self) -> None:
        self.redis.flushall()
        self.model.ledger = None

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

    def leader(self, who: int, fates: Sequence[Fate]) -> tuple[Ledger, ModelLeader]:
        ledger, line, model = self.leaders[who % len(self.leaders)]
        for each in (line.fates, model.fates):
            each.clear()
            each.extend(fates)
        return ledger, model

    def both(self, real: Awaitable[Any], expected: Callable[[], Any]) -> None:
        """The ledger must return or raise what the model does."""
        assert self.runner.run(_outcome(real)) == _model_outcome(expected)

    @invariant()
    def redis_equals_the_model(self) -> None:
        self.model.assert_equals(read_ledger(self.redis, INSTALLATION))


_REFUSALS = (Fenced, Stale, LedgerUnavailable)


async def _outcome(real: Awaitable[Any]) -> Any:
    try:
        return await real
    except _REFUSALS as refusal:
        return type(refusal)


def _model_outcome(expected: Callable[[], Any]) -> Any:
    try:
        return expected()
    except _REFUSALS as refusal:
        return type(refusal)


async def _nothing(reading: Awaitable[Any]) -> None:
    await reading


async def _await(closing: Awaitable[None]) -> None:
    await closing


def test_leaders_on_a_bad_line_do_what_the_model_does(shared_redis: RedisServer) -> None:
    with (
        SyncRedis.from_url(shared_redis.url, decode_responses=True) as decoded,
        SyncRedis.from_url(shared_redis.url) as undecoded,
    ):
        for name in ("apply", "heads", "rebuild_begin", "rebuild_chunk", "rebuild_commit"):
            decoded.script_load(load_script(name).text)

        class Machine(LeadersMachine):
            server = shared_redis
            redis = decoded
            raw = undecoded

        run_state_machine_as_test(Machine, settings=model_settings(steps=30))
