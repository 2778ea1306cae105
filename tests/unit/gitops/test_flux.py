"""Flux's health check expressions, as the example has them, on versions of real objects."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

from tests.cluster.settings import REPOSITORY
from tests.support import flux, kstatus
from tests.support.argocd import CUSTOMIZATIONS

_QUEUES: Final[dict[str, kstatus.Status]] = {
    "new": "InProgress",
    "admitting": "Current",
    "held": "Current",
    "draining": "Current",
    "emergency-stop": "Current",
    "outside-window": "Current",
    "invalid-window": "Failed",
    "ledger-unavailable": "InProgress",
}


def _captured(kind: str) -> list[Any]:
    paths = sorted((CUSTOMIZATIONS / "scanyard.dev" / kind / "testdata").iterdir())
    loaded = [(path.stem, yaml.safe_load(path.read_text())) for path in paths]
    return [pytest.param(name, item, id=name) for name, item in loaded]


@pytest.mark.parametrize(("name", "job"), _captured("ScanJob"))
def test_of_a_scan_job_they_say_what_kstatus_says(name: str, job: dict[str, Any]) -> None:
    # What goes is never asked for its health: Flux waits for what it has applied.
    wanted = kstatus.compute(job)
    assert flux.compute(job) == wanted or (name, wanted) == ("deleting", "Terminating")


@pytest.mark.parametrize(("name", "queue"), _captured("ScanQueue"))
def test_of_a_scan_queue_they_know_what_is_meant(name: str, queue: dict[str, Any]) -> None:
    assert flux.compute(queue) == _QUEUES[name]


def test_a_new_token_counts_even_where_the_generation_was_seen() -> None:
    path = CUSTOMIZATIONS / "scanyard.dev/ScanJob/testdata/succeeded.yaml"
    job = yaml.safe_load(path.read_text())
    job["spec"]["rerunToken"] = "next"
    assert flux.compute(job) == "InProgress"
    job["status"]["rerunToken"] = "next"
    assert flux.compute(job) == "Current"


def test_the_page_shows_the_same_expressions() -> None:
    page = (REPOSITORY / "docs/gitops.md").read_text()
    block = page.partition("```yaml\nhealthCheckExprs:")[2].partition("```")[0]
    shown = yaml.safe_load(f"healthCheckExprs:{block}")["healthCheckExprs"]
    assert {item["kind"]: item for item in shown} == flux.expressions()
