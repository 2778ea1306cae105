"""The ledger as plain Python: what the scripts must answer and what must be in Redis after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scanyard.queueing.operations import (
    Adopt,
    Drop,
    Enqueue,
    Operation,
    Park,
    Placement,
    Release,
    Requeue,
    Take,
)
from scanyard.queueing.readings import Ranks
from tests.support.ledger_audit import LedgerState


@dataclass
class Places:
    """Where each job is: it is in one dict at most, and that is the invariant."""

    waiting: dict[str, tuple[str, float]] = field(default_factory=dict)  # job -> queue, score
    parked: dict[str, tuple[str, str, float]] = field(default_factory=dict)  # queue, blocker, score
    holding: dict[str, tuple[str, str]] = field(default_factory=dict)  # queue, attempt

    def run(self, operation: Operation) -> str:
        """Change the places as the operation says, and return its result."""
        match operation:
            case Enqueue() | Park() | Drop():
                return self._place(operation)
            case Take():
                return self._take(operation)
            case Adopt():
                return self._adopt(operation)
            case Release() | Requeue():
                return self._give_back(operation)

    def _place(self, operation: Enqueue | Park | Drop) -> str:
        job = operation.job
        if job in self.holding:
            return "HOLDING"
        known = self.waiting.pop(job, None) or self.parked.pop(job, None)
        match operation:
            case Enqueue():
                self.waiting[job] = (operation.queue, operation.score)
                return "QUEUED"
            case Park():
                self.parked[job] = (operation.queue, operation.blocker, operation.score)
                return "PARKED"
            case Drop():
                return "DROPPED" if known else "ABSENT"

    def _take(self, take: Take) -> str:
        if self.holding.get(take.job) == (take.queue, take.attempt):
            return "TAKEN"
        if take.job not in self.waiting or self.waiting[take.job][0] != take.queue:
            return "NOT_WAITING"
        if sum(queue == take.queue for queue, _ in self.holding.values()) >= take.queue_limit:
            return "FULL"
        if 0 < take.installation_limit <= len(self.holding):
            return "INSTALLATION_FULL"
        beside = [
            q for job, (q, _) in self.holding.items() if _namespace(job) == _namespace(take.job)
        ]
        if 0 < take.namespace_limit <= beside.count(take.queue):
            return "NAMESPACE_FULL"
        del self.waiting[take.job]
        self.holding[take.job] = (take.queue, take.attempt)
        return "TAKEN"

    def _adopt(self, adopt: Adopt) -> str:
        if adopt.job in self.holding:
            held = self.holding[adopt.job] == (adopt.queue, adopt.attempt)
            return "ADOPTED" if held else "HOLDING"
        self.waiting.pop(adopt.job, None)
        self.parked.pop(adopt.job, None)
        self.holding[adopt.job] = (adopt.queue, adopt.attempt)
        return "ADOPTED"

    def _give_back(self, operation: Release | Requeue) -> str:
        if self.holding.get(operation.job) != (operation.queue, operation.attempt):
            return "NOT_HELD"
        del self.holding[operation.job]
        if isinstance(operation, Release):
            return "RELEASED"
        self.waiting[operation.job] = (operation.queue, operation.score)
        return "REQUEUED"

    def lanes(
        self, queue: str, ranks: Ranks, most: int, window: int
    ) -> tuple[list[list[str]], list[str]]:
        """lanes.lua for one queue: the jobs of each lane, and who is first in the one left out."""
        lanes: dict[str, list[tuple[float, str]]] = {}
        for job, (found, score) in self.waiting.items():
            if found == queue and ranks.of(_namespace(job)) is not None:
                lanes.setdefault(_namespace(job), []).append((score, job))
        order = sorted(lanes, key=lambda name: (ranks.of(name), min(lanes[name])))
        read = [[job for _, job in sorted(lanes[name])[:window]] for name in order[:most]]
        return read, [job for name in order[most:] for _, job in [min(lanes[name])]][:1]


def _namespace(job: str) -> str:
    return job.partition("/")[0]


@dataclass
class ModelLedger:
    """Header and places of one ledger."""

    fence: int
    seq: int
    generation: int
    building: bool = True
    chunks: int = 0
    reply: str | None = None
    places: Places = field(default_factory=Places)


@dataclass
class ModelRedis:
    """A Redis that may hold a ledger; replies are those of the scripts, without STALE's reasons."""

    ledger: ModelLedger | None = None

    def begin(self, fence: int, generation: int) -> list[str]:
        """rebuild_begin.lua, called until it has unlinked everything old."""
        stored = self.ledger
        if stored and fence < stored.fence:
            return ["FENCED", str(stored.fence)]
        same = stored and stored.building and (stored.fence, stored.generation)
        if same != (fence, generation):
            if stored and generation <= stored.seq:
                return ["BEHIND", str(stored.seq)]
            self.ledger = ModelLedger(fence, seq=generation, generation=generation)
        return ["OK", "0"]

    def chunk(
        self, fence: int, generation: int, index: int, placements: Sequence[Placement]
    ) -> list[str]:
        """rebuild_chunk.lua."""
        refused = self._refuse_fence(fence)
        if refused or self.ledger is None:
            return refused
        if not self.ledger.building or generation != self.ledger.generation:
            return ["STALE"]
        if index > self.ledger.chunks:
            return ["STALE"]
        if index == self.ledger.chunks:
            for placement in placements:
                self.ledger.places.run(placement)
            self.ledger.chunks += 1
        return ["OK"]

    def commit(self, fence: int, generation: int, chunks: int) -> list[str]:
        """rebuild_commit.lua."""
        refused = self._refuse_fence(fence)
        if refused or self.ledger is None:
            return refused
        if generation != self.ledger.generation:
            return ["STALE"]
        if not self.ledger.building:
            return ["OK"] if self.ledger.seq == generation else ["STALE"]
        if chunks != self.ledger.chunks:
            return ["STALE"]
        self.ledger.building = False
        return ["OK"]

    def apply(self, fence: int, seq: int, operations: Sequence[Operation]) -> list[str]:
        """apply.lua."""
        refused = self.refuse(fence)
        if refused or self.ledger is None:
            return refused
        if seq == self.ledger.seq and self.ledger.reply is not None:
            return ["OK", self.ledger.reply]
        if seq != self.ledger.seq + 1:
            return ["STALE"]
        results = [self.ledger.places.run(operation) for operation in operations]
        self.ledger.seq, self.ledger.reply = seq, " ".join(results)
        return ["OK", self.ledger.reply]

    def refuse(self, fence: int) -> list[str]:
        """Return the refusal of a command that needs a committed ledger of this fence, or []."""
        return self._refuse_fence(fence) or (
            ["STALE"] if self.ledger and self.ledger.building else []
        )

    def _refuse_fence(self, fence: int) -> list[str]:
        if self.ledger is None or fence > self.ledger.fence:
            return ["STALE"]
        if fence < self.ledger.fence:
            return ["FENCED", str(self.ledger.fence)]
        return []

    def assert_equals(self, state: LedgerState) -> None:
        """AssertionError unless Redis holds just what the model does."""
        if self.ledger is None:
            assert state == LedgerState()
            return
        ledger, places = self.ledger, self.ledger.places
        header = {
            "fence": str(ledger.fence),
            "seq": str(ledger.seq),
            "generation": str(ledger.generation),
            "state": "building" if ledger.building else "ready",
            "chunks": str(ledger.chunks),
        }
        if ledger.reply is not None:
            header["reply"] = ledger.reply
        assert state.header == header
        waiting = {(q, job): score for job, (q, score) in places.waiting.items()}
        parked = {(q, job, b): score for job, (q, b, score) in places.parked.items()}
        holding = {(q, job): attempt for job, (q, attempt) in places.holding.items()}
        assert (state.waiting, state.parked, state.holding) == (waiting, parked, holding)
        assert not state.leftovers
