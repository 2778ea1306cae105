"""Whose turn it is, slot after slot, in a queue that goes by namespace."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from scanyard.controller.admission.line import fair_shares, goes_by_namespace, ranks_of
from scanyard.controller.context import Context
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.sharing.fair_share import FairShares
from scanyard.queueing.ledger import Ledger
from scanyard.queueing.readings import Lanes

#: So many namespaces are looked at, and so many ScanJobs of each: what one reading may hold.
_LANES: Final = 64
_DEEP: Final = 64


async def lines_by_namespace(
    context: Context, ledger: Ledger, queues: Sequence[str]
) -> dict[str, list[str]]:
    """Of those of the queues that go by namespace: who waits, in the order of their turns.

    As if slots came free one after the other, and all that runs went on running. Those of a
    namespace that is at its limit have no turn; that another may come to its limit by then is not
    looked at. A list ends where it depends on somebody who was not read.
    """
    known = {key: context.mirror.queues.named(key) for key in queues}
    asked = {key: q for key, q in known.items() if q is not None and goes_by_namespace(q)}
    if not asked:
        return {}
    ranks = {key: ranks_of(context, queue) for key, queue in asked.items()}
    read = await ledger.lanes(ranks, _LANES, _DEEP)
    return {key: _line(context, queue, read[key]) for key, queue in asked.items()}


def _line(context: Context, queue: Queue, lanes: Lanes) -> list[str]:
    """Members in the order of their turns."""
    running = Counter(context.placement.namespaces.held(queue.key))
    waiting = {lane.namespace: deque(lane.heads) for lane in lanes.lanes if lane.heads}
    unread = {namespace for namespace, heads in waiting.items() if len(heads) == _DEEP}
    found: list[str] = []
    while waiting:
        shares = fair_shares(context, queue, running.total())

        turns = {
            namespace: (_rank(shares, namespace, running), heads[0].score, f"{namespace}/")
            for namespace, heads in waiting.items()
        }
        namespace = min(turns, key=turns.__getitem__)
        if lanes.left_out is not None and turns[namespace] > lanes.left_out:
            break
        heads = waiting[namespace]
        found.append(heads.popleft().job)
        running[namespace] += 1
        if not heads:
            if namespace in unread:
                break
            del waiting[namespace]
    return found


def _rank(shares: FairShares | None, namespace: str, running: Counter[str]) -> float:
    return 0.0 if shares is None else shares.rank(namespace, running[namespace])
