"""The ledger in Redis, as its one writer sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from scanyard.queueing import replies
from scanyard.queueing.channel import Channel, Observe, Timing
from scanyard.queueing.configuration import eviction_policy, refuse_eviction
from scanyard.queueing.contents import LedgerContents
from scanyard.queueing.errors import Fenced, InvalidBatch, Stale
from scanyard.queueing.keys import LedgerKeys, checked_text
from scanyard.queueing.operations import Operation, OpResult
from scanyard.queueing.readings import (
    EntryPage,
    Lanes,
    ParkedJob,
    QueueHeads,
    Ranks,
    ScanCursor,
    Totals,
)
from scanyard.queueing.scripts import load_script

#: The most operations of one batch, and of one chunk of a rebuild; lua/places.lua refuses more.
MOST_OPERATIONS = 256
#: The most jobs that one reading may return, so that no reading holds Redis up.
MOST_HEADS = 4096
#: Keys of older generations that one call unlinks.
_UNLINKED_AT_A_TIME = 512


@dataclass(frozen=True, slots=True)
class _Batch:
    """A change that has been sent, or is about to be, and has no answer yet."""

    seq: int
    arguments: tuple[str, ...]


class Ledger:
    """Order, parked lists and slots of one installation; this object is its only writer.

    One command is in flight at a time. A change whose answer never came is settled (sent again
    with the same seq) before anything else is sent, so that no change is lost or made twice. A seq
    is never used for two batches that could both run, whatever happens in between.

    Every method raises LedgerUnavailable or LedgerMisconfigured if Redis gives no usable answer,
    Fenced if a newer leader has taken over (from then on always), and Stale if the ledger must be
    rebuilt first (until it has been).
    """

    def __init__(
        self,
        client: Redis,
        installation: str,
        *,
        timing: Timing | None = None,
        observe: Observe = lambda _name, _seconds: None,
        unix_microseconds: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._keys = LedgerKeys.of(installation)
        self._channel = Channel(client, timing or Timing(), observe)
        self._unix_microseconds = unix_microseconds
        self._lock = asyncio.Lock()
        self._fence = 0
        self._generation = 0
        self._seq = 0
        self._last_used_seq = 0
        self._open_batch: _Batch | None = None
        self._stale_reason: str | None = "this process has not built it"
        self._fenced_by: int | None = None

    @property
    def ready(self) -> bool:
        """Whether the ledger was this process's own when it was last spoken to."""
        return self._stale_reason is None and self._fenced_by is None

    async def check_configuration(self) -> None:
        """Raise LedgerMisconfigured if this Redis may drop keys on its own."""
        async with self._lock:
            await self._refuse_eviction()

    async def rebuild(self, fence: int, contents: LedgerContents) -> None:
        """Replace the whole ledger by `contents`, which was worked out from the API, under `fence`.

        What was submitted since `contents` was worked out is not in it: reconcile every ScanJob
        afterwards. On an exception the ledger stays Stale (Stale itself: it was lost meanwhile);
        call again with new contents.
        """
        async with self._lock:
            self._raise_if_fenced()
            self._stale_reason = "its rebuild has not been finished"
            self._open_batch = None
            await self._refuse_eviction()
            self._fence = fence
            generation = await self._begin()
            chunks = 0
            for chunk in contents.chunks(MOST_OPERATIONS):
                words = (word for placement in chunk for word in placement.arguments())
                await self._call("rebuild_chunk", str(generation), str(chunks), *words)
                chunks += 1
            await self._call("rebuild_commit", str(generation), str(chunks))
            self._generation = self._seq = generation
            self._stale_reason = None

    async def apply(self, operations: Sequence[Operation]) -> list[OpResult]:
        """Run 1 to 256 operations as one change, in their order, and return their results.

        After LedgerUnavailable it is unknown whether they ran; each may simply be applied again.
        """
        if len(operations) > MOST_OPERATIONS:
            raise ValueError(f"{len(operations)} operations, at most {MOST_OPERATIONS} are allowed")
        async with self._lock:
            await self._settle()
            if not operations:
                return []
            words = tuple(word for operation in operations for word in operation.arguments())
            self._last_used_seq = self._seq + 1
            self._open_batch = _Batch(self._last_used_seq, words)
            return await self._settle()

    async def heads(self, queues: Sequence[str], window: int) -> dict[str, QueueHeads]:
        """Return counts and the first `window` (0 to 4096) waiting jobs of each queue."""
        if not 0 <= window <= MOST_HEADS:
            raise ValueError(f"a window of {window}, from 0 to {MOST_HEADS} is allowed")
        at_a_time = max(1, MOST_HEADS // max(window, 16))
        found: dict[str, QueueHeads] = {}
        for first in range(0, len(queues), at_a_time):
            asked = [checked_text("queue", queue) for queue in queues[first : first + at_a_time]]
            reply = await self._read("heads", str(window), *asked)
            found |= zip(asked, map(replies.queue_heads, reply[3:]), strict=True)
        return found

    async def lanes(self, queues: Mapping[str, Ranks], most: int, window: int) -> dict[str, Lanes]:
        """Return, of each queue, the first jobs of the `most` namespaces that come first.

        `window` jobs of a namespace at the most; `most` times `window` is from 1 to 4096.
        """
        if not 1 <= most * window <= MOST_HEADS:
            raise ValueError(f"{most} times {window} jobs, from 1 to {MOST_HEADS} are allowed")
        at_a_time = MOST_HEADS // (most * window)
        names, found = list(queues), dict[str, Lanes]()
        for first in range(0, len(names), at_a_time):
            asked = [checked_text("queue", name) for name in names[first : first + at_a_time]]
            words = [word for name in asked for word in (name, *queues[name].arguments())]
            reply = await self._read("lanes", str(most), str(window), *words)
            found |= zip(asked, map(replies.lanes, reply[1:]), strict=True)
        return found

    async def check(self) -> Totals:
        """Return the counts of the installation; what an idle leader reads to notice a loss."""
        return replies.totals(await self._read("heads", "0"))

    async def parked(self, blocker: str, window: int) -> tuple[ParkedJob, ...]:
        """Return the first `window` (0 to 4096) jobs that are parked under a blocker."""
        if not 0 <= window <= MOST_HEADS:
            raise ValueError(f"a window of {window}, from 0 to {MOST_HEADS} is allowed")
        blocker = checked_text("blocker", blocker)
        return replies.parked(await self._read("parked", blocker, str(window)))

    async def ranks(self, jobs: Sequence[tuple[str, str]]) -> list[int | None]:
        """How many go before each of these (queue, job); None for one that is not in that order."""
        if len(jobs) > MOST_HEADS:
            raise ValueError(f"{len(jobs)} jobs, at most {MOST_HEADS} are allowed")
        words = (checked_text("queue or job", text) for pair in jobs for text in pair)
        return replies.ranks(await self._read("ranks", *words))

    async def entries(self, cursor: ScanCursor | None = None, about: int = 256) -> EntryPage:
        """Return about so many entries from a cursor on (None: from the start), for the sweep.

        What is in the ledger during the whole sweep is seen at least once; an entry may come twice
        and may have moved by the time it is seen. After a rebuild the sweep begins anew by itself.
        """
        async with self._lock:
            generation = self._generation
            go_on = cursor is not None and cursor.generation == generation
            position = cursor.position if cursor and go_on else "0"
            reply = await self._read_locked("scan", position, str(about))
        return replies.entry_page(reply, generation)

    async def _begin(self) -> int:
        generation = max(self._unix_microseconds(), self._last_used_seq + 1)
        while True:
            self._last_used_seq = generation
            words = (str(generation), str(_UNLINKED_AT_A_TIME))
            status, told = await self._call("rebuild_begin", *words)
            if status == "BEHIND":
                generation = max(generation, int(told)) + 1
            elif int(told) == 0:
                return generation

    async def _settle(self) -> list[OpResult]:
        """Send the open batch until its outcome is known; without one, only check the state."""
        self._raise_unless_ready()
        batch = self._open_batch
        if batch is None:
            return []
        try:
            reply = await self._call("apply", str(batch.seq), *batch.arguments)
        except InvalidBatch:  # no copy of it can ever run
            self._open_batch = None
            raise
        self._seq = batch.seq
        self._open_batch = None
        return replies.results(reply)

    async def _read(self, script: str, *words: str) -> list[Any]:
        async with self._lock:
            return await self._read_locked(script, *words)

    async def _read_locked(self, script: str, *words: str) -> list[Any]:
        await self._settle()
        return await self._call(script, str(self._seq), *words)

    async def _call(self, script: str, *words: str) -> list[Any]:
        """Call a script as this leadership; Fenced and Stale are remembered."""
        keys = (self._keys.header, self._keys.registry)
        reply = await self._channel.call(load_script(script), keys, (str(self._fence), *words))
        if reply[0] == "FENCED":
            self._fenced_by = int(reply[1])
            self._raise_if_fenced()
        if reply[0] == "STALE":
            self._stale_reason = reply[1]
            self._open_batch = None
            self._raise_unless_ready()
        return list(reply)

    def _raise_unless_ready(self) -> None:
        self._raise_if_fenced()
        if self._stale_reason is not None:
            raise Stale(self._stale_reason)

    def _raise_if_fenced(self) -> None:
        if self._fenced_by is not None:
            raise Fenced(self._fence, self._fenced_by)

    async def _refuse_eviction(self) -> None:
        refuse_eviction(await self._channel.ask("configuration", eviction_policy))
