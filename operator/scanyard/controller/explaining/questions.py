"""ScanJobs of which somebody asks why they wait: by turns of their namespaces, none too often.

Whoever asks without end gets an answer every 5 s for each ScanJob, and keeps nobody else waiting:
of all that is asked at a time, the namespaces are served one after the other.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from scanyard.controller.timetable import Timetable
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.timestamps import parse_time

#: Between two answers to one ScanJob.
PAUSE: Final = timedelta(seconds=5)
_A_MOMENT: Final = timedelta(seconds=0.5)


class Questions:
    """What is asked and not answered; the question itself stands in the ScanJob."""

    def __init__(self) -> None:
        self._later = Timetable()
        self._lanes: OrderedDict[str, dict[str, None]] = OrderedDict()

    def heard(self, job: Job, now: datetime) -> None:
        """Called with each news of a ScanJob."""
        if not job.is_asked or not job.waits:
            return
        answered = parse_time((job.status.explanation or {}).get("at"))
        due = now if answered is None else min(max(answered + PAUSE, now), now + PAUSE)
        self._later.set(f"{job.namespace}/{job.uid}", due)

    def put_off(self, job: Job, now: datetime) -> None:
        """It cannot be answered yet."""
        self._later.set(f"{job.namespace}/{job.uid}", now + _A_MOMENT)

    def next(self, now: datetime) -> str | None:
        """The uid of the next to be answered; None: nobody is due."""
        while (key := self._later.pop_due(now)) is not None:
            namespace, _, uid = key.partition("/")
            self._lanes.setdefault(namespace, {})[uid] = None
        if not self._lanes:
            return None
        namespace, lane = self._lanes.popitem(last=False)
        uid = next(iter(lane))
        del lane[uid]
        if lane:
            self._lanes[namespace] = lane
        return uid
