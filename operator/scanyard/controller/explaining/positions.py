"""Who goes before whom, as the ledger tells: the one place that knows what a position means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanyard.controller.context import Context
from scanyard.controller.explaining.lanes import lines_by_namespace
from scanyard.queueing.keys import uid_of
from scanyard.queueing.ledger import Ledger

#: Positions are shown to the first so many of each queue; the others learn theirs when they ask.
SHOWN: Final = 50


async def first_in_line(
    context: Context, ledger: Ledger, queues: Sequence[str]
) -> dict[str, list[str]]:
    """Uids of the next in each queue, at most SHOWN, in their order."""
    lines = await lines_by_namespace(context, ledger, queues)
    found = {key: [uid_of(member) for member in line[:SHOWN]] for key, line in lines.items()}
    if in_order := [key for key in queues if key not in lines]:
        read = await ledger.heads(in_order, SHOWN)
        found |= {key: [uid_of(head.job) for head in each.heads] for key, each in read.items()}
    return found


async def places_in_line(
    context: Context, ledger: Ledger, jobs: Sequence[tuple[str, str]]
) -> list[int | None]:
    """The position of each (queue, member), 1 is next; None where it is kept aside.

    None also where a queue goes by namespace and so many go before that nobody has counted them.
    """
    lines = await lines_by_namespace(context, ledger, sorted({queue for queue, _ in jobs}))
    places = {
        (queue, member): place
        for queue, line in lines.items()
        for place, member in enumerate(line, 1)
    }
    in_order = [job for job in jobs if job[0] not in lines]
    ahead = await ledger.ranks(in_order) if in_order else []
    for job, before in zip(in_order, ahead, strict=True):
        if before is not None:
            places[job] = before + 1
    return [places.get(job) for job in jobs]
