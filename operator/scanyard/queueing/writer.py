"""Many callers, one change at a time: what comes while a batch is in flight is the next batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from scanyard.queueing.errors import LedgerClosed
from scanyard.queueing.ledger import MOST_OPERATIONS, Ledger
from scanyard.queueing.operations import Operation, OpResult

_Entry = tuple[Operation, asyncio.Future[OpResult]]


class LedgerWriter:
    """Gathers operations into batches for a ledger; each caller gets its own results.

    Operations run in the order they were submitted. A caller gets the exception of the batch that
    its operation was in (see Ledger.apply); a caller that is cancelled before its operation was
    sent takes it back.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: deque[_Entry] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def submit(self, operation: Operation) -> OpResult:
        """Run one operation and return its result."""
        return (await self.submit_all((operation,)))[0]

    async def submit_all(self, operations: Sequence[Operation]) -> list[OpResult]:
        """Run any number of operations in their order, in one batch if they fit."""
        if self._closed:
            raise LedgerClosed("the ledger's writer has been closed")
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in operations]
        self._waiting.extend(zip(operations, futures, strict=True))
        if self._sender is None and self._waiting:
            self._sender = asyncio.create_task(self._send(), name="ledger-writer")
        return list(await asyncio.gather(*futures))

    async def close(self) -> None:
        """Take nothing more, and wait until all that was submitted has its result or exception."""
        self._closed = True
        if self._sender:
            await self._sender

    async def _send(self) -> None:
        try:
            while self._waiting:
                await self._send_batch(self._next_batch())
        finally:
            self._sender = None
            for _, future in self._waiting:  # none are left unless the task is cancelled
                future.cancel()

    def _next_batch(self) -> list[_Entry]:
        batch: list[_Entry] = []
        while self._waiting and len(batch) < MOST_OPERATIONS:
            operation, future = self._waiting.popleft()
            if not future.done():
                batch.append((operation, future))
        return batch

    async def _send_batch(self, batch: list[_Entry]) -> None:
        try:
            results = await self._ledger.apply([operation for operation, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - raised by every caller of submit
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
