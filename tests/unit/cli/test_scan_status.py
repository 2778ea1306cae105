"""`scanyard status`: whose scan it is, and where it waits."""

from __future__ import annotations

from typing import Any

from scanyard.cli.scans.status import facts
from scanyard.lifecycle.job import read_job
from tests.support.objects import NOW, raw_job


def told(notes: dict[str, str] | None = None, **spec: Any) -> dict[str, str]:
    raw = raw_job(**spec)
    raw["metadata"]["annotations"] = notes or {}
    return {title: cell.text for title, cell in facts(read_job(raw), NOW)}


def test_who_created_it_is_told_where_that_was_recorded() -> None:
    notes = {"scanyard.dev/requested-by": "system:serviceaccount:ci:pipeline"}
    assert told(notes)["Created"] == "10s ago by system:serviceaccount:ci:pipeline"
    assert told()["Created"] == "10s ago"


def test_a_queue_of_another_namespace_is_told_with_it() -> None:
    assert told(queueRef={"name": "q"})["Queue"] == "q, priority 0"
    assert told(queueRef={"name": "q", "namespace": "team"})["Queue"] == "q, priority 0"
    assert told(queueRef={"name": "q", "namespace": "it"})["Queue"] == "it/q, priority 0"
