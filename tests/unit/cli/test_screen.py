"""The screen of top: what it tells, and that it fits whatever the terminal's size."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanyard.cli.overview.screen import Size, drawn
from scanyard.lifecycle.job import read_job
from tests.support.objects import NOW, at, open_attempt, raw_job, raw_queue


def job(name: str, *, queue: str = "default", **status: Any) -> dict[str, Any]:
    raw = raw_job(queueRef={"name": queue}, status={"phase": "Queued", **status})
    raw["metadata"] |= {"name": name, "uid": name}
    return raw


def live(name: str, percent: int) -> dict[str, Any]:
    status = open_attempt(startedAt=at(-90), nodeName="node-1")
    return job(name, **status | {"phase": "Running", "progress": percent})


def text(
    raws: list[dict[str, Any]], width: int = 80, height: int = 24, trouble: str = ""
) -> list[str]:
    lines = drawn(
        [raw_queue()],
        [read_job(raw) for raw in raws],
        now=NOW,
        size=Size(width, height),
        where="team",
        trouble=trouble,
        everywhere=False,
    )
    return ["".join(cell.text for cell in line).rstrip() for line in lines]


def test_it_counts_what_runs_and_waits_by_queue() -> None:
    finished = job("old", conditions=[{"type": "Finished", "status": "True"}])
    suspended = job("asleep", phase="Suspended")
    screen = text([live("web", 40), job("next"), job("lost", queue="none"), finished, suspended])
    assert screen[0].startswith("scanyard top: 1 running, 3 waiting in team")
    assert screen[3].split() == ["default", "1", "2", "1", "10s", "Unknown"]
    assert screen[4].split() == ["none", "0", "?", "1", "10s", "Missing"]
    assert screen[7].split() == ["web", "default", "Running", "████░░░░░░", "40%", "node-1", "90s"]


def test_trouble_stands_below_the_title() -> None:
    assert text([], trouble="the API server is away")[1] == "the API server is away"


@given(st.integers(1, 140), st.integers(1, 40), st.integers(0, 60))
def test_it_fits_every_terminal(width: int, height: int, running: int) -> None:
    screen = text([live(f"scan-{i:03}", i) for i in range(running)], width, height)
    assert len(screen) <= height
    assert all(len(line) <= width for line in screen)


def test_what_does_not_fit_is_counted() -> None:
    screen = text([live(f"scan-{i:03}", i) for i in range(60)], height=16)
    assert len(screen) == 16
    shown = sum(line.startswith("scan-") for line in screen)
    assert screen[-1] == f"… {60 - shown} more"
