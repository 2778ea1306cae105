"""A queue opened or closed by its windows: who is looked at, and who is told."""

from __future__ import annotations

from scanyard.controller.context import Context
from scanyard.lifecycle.decision import Holding, Waiting
from scanyard.lifecycle.queue import Queue


def window_changed(context: Context, queue: Queue) -> None:
    """Look at what runs at once, since it may have to end; tell the waiting as there is time.

    All of them wait in the same place as before, so there is nothing else to be done about them.
    """
    for uid, standing in context.placement.items():
        if standing.place.queue != queue.key:
            continue
        if isinstance(standing.place, Holding):
            context.dirty.add(uid)
        elif isinstance(standing.place, Waiting):
            context.placement.on_waiting(uid, standing)
