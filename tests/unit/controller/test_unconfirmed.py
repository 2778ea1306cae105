"""Slots whose scans nobody can see are counted as ScanJobs come, change and go."""

from __future__ import annotations

from typing import Any

from scanyard.controller.unconfirmed import Unconfirmed
from scanyard.lifecycle.job import Job, read_job
from tests.support.objects import open_attempt, raw_job

_QUEUE = "team/default"


def _job(reason: str, **status: Any) -> Job:
    told = {"type": "Reconciling", "status": "True", "reason": reason, "message": ""}
    return read_job(raw_job(status={**status, "conditions": [told]}))


def test_it_counts_those_whose_slot_is_held() -> None:
    counts = Unconfirmed()
    held, runs = _job("SlotHeldNodeLost", **open_attempt()), _job("Running", **open_attempt())
    counts.news(None, runs)
    assert counts.of_queue(_QUEUE) == 0
    counts.news(runs, held)
    counts.news(held, held)
    assert counts.of_queue(_QUEUE) == 1
    counts.news(held, _job("RetryBackoff"))
    assert counts.of_queue(_QUEUE) == 0
    counts.news(runs, held)
    counts.news(held, None)
    assert counts.of_queue(_QUEUE) == 0
