"""What Prometheus takes is bounded by the number of queues, as docs/metrics.md says."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.cluster.settings import REPOSITORY

#: Of the operator as a whole: its process, requests by verb and resource, and so on.
_BESIDE_QUEUES = 500
_OF_A_QUEUE = 110


def _scrape(queues: int) -> dict[str, Any]:
    """In a process of its own, since metrics are one for each process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scrape", str(queues)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_series_grow_with_the_queues_and_with_nothing_else() -> None:
    few, many = _scrape(20), _scrape(200)
    assert few["series of a queue"] == many["series of a queue"] <= _OF_A_QUEUE
    for queues, found in ((20, few), (200, many)):
        assert found["series"] <= queues * _OF_A_QUEUE + _BESIDE_QUEUES
    assert f"{_OF_A_QUEUE} series each" in (REPOSITORY / "docs" / "metrics.md").read_text()
