"""Openings and closings of queues: a glance at each queue's next one, none at its ScanJobs."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from scanyard.controller.context import Context
from scanyard.controller.handlers import queue_rules_changed
from scanyard.controller.subjects import queue_field
from scanyard.logs import tells

log = logging.getLogger(__name__)

#: A window opens and closes at most so late. Not a timer for the next one: the API server's clock,
#: by which windows go, may be found to differ from what was thought.
_EVERY_SECONDS = 0.5


async def watch_windows(context: Context) -> NoReturn:
    """Open and close queues by the clock, for ever."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        look_at_clock(context)


def look_at_clock(context: Context) -> None:
    """Open and close those whose time has come."""
    for before, after in context.mirror.queues.look_at_clock():
        if before.standing != after.standing:
            what = after.standing.message or "its window opens"
            log.info("queue %s: %s", after.key, what, extra=tells(queue=queue_field(after.key)))
        # Nothing was admitted from when its time had come until now, whether it changed or not.
        context.queue_changed(after.key)
        queue_rules_changed(context, after.key, before, after)
