"""Every expression of the dashboards, and every record, finds data after scans of all kinds.

With SCANYARD_DRAWN=<folder> (`make dashboards-drawn`) each dashboard is drawn into it as well.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.chart.alerts.plain import FILE
from tests.e2e.observability import scripted_load
from tests.support.dashboards import FILES, Panel, Target, panels, substituted
from tests.support.drawn_dashboards import draw
from tests.support.installation import NAMESPACE, Installation
from tests.support.kube import eventually
from tests.support.prometheus import Prometheus, Series, watching_installation
from tests.support.scans import Lab
from tests.support.targets import Targets

_STEP_SECONDS: Final = 2.0
#: As Grafana has it: four scrapes at least.
_RATE: Final = "20s"
#: These may find nothing, since the load does not bring it about.
_MAY_BE_EMPTY: Final = {
    ("scanyard-overview: Running, against the limits", "installation's limit"): "there is none",
    ("scanyard-operator: Certificate of Redis", ""): "the bundled Redis has no TLS",
    ("scanyard-operator: Looks that will be repeated, by error", "{{error}}"): "none need fail",
    ("scanyard-operator: Requests that failed, by code", "{{code}}"): "none need fail",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A Prometheus that has seen the load, and what the variables of the dashboards stand for."""

    prometheus: Prometheus
    lab: Lab
    team: Lab
    began: float

    def answer(self, target: Target) -> list[Series]:
        """What Grafana would get for it: without what is no number."""
        now = time.time()
        expr = substituted(
            target.expr,
            namespace=NAMESPACE,
            queue_namespace=self.lab.name,
            queue=".*",
            __rate_interval=_RATE,
            __range=f"{now - self.began:.0f}s",
        )
        found = (
            self.prometheus.query(expr)
            if target.instant
            else self.prometheus.query_range(expr, self.began, now, _STEP_SECONDS)
        )
        numbers = [
            Series(series.labels, tuple(pair for pair in series.samples if math.isfinite(pair[1])))
            for series in found
        ]
        return [series for series in numbers if series.samples]


@pytest.fixture(scope="module")
def asked(
    installation: Installation, targets: Targets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    """After the load, as soon as Prometheus has seen its end."""
    folder = tmp_path_factory.mktemp("prometheus")
    cluster = installation.cluster
    with (
        watching_installation(cluster, folder, FILE.read_text()) as prometheus,
        Lab(cluster) as lab,
        Lab(cluster) as team,
    ):
        prometheus.wait_scraped(2)
        found = Asked(prometheus, lab, team, time.time())
        scripted_load.run(lab, team, targets)
        eventually(lambda: _without_data(found), lambda left: not left, seconds=60, every=2)
        yield found


def _without_data(asked: Asked) -> list[tuple[str, str]]:
    return [
        (panel.name, target.legend)
        for panel in _panels()
        for target in panel.targets
        if not asked.answer(target) and (panel.name, target.legend) not in _MAY_BE_EMPTY
    ]


def _panels() -> list[Panel]:
    return [panel for path in FILES for panel in panels(path)]


def test_every_panel_finds_data(asked: Asked) -> None:
    assert _without_data(asked) == []
    known = {(panel.name, target.legend) for panel in _panels() for target in panel.targets}
    assert _MAY_BE_EMPTY.keys() <= known


def test_the_panels_tell_what_has_happened(asked: Asked) -> None:
    def told(title: str, label: str) -> set[str]:
        (panel,) = [found for found in _panels() if found.name == title]
        return {
            series.labels[label]
            for target in panel.targets
            for series in asked.answer(target)
            if max(value for _, value in series.samples) > 0
        }

    assert told("scanyard-queue: Waiting, by reason", "reason") >= scripted_load.REASONS
    assert told("scanyard-overview: Outcomes", "phase") == {
        "Succeeded", "Failed", "TimedOut", "Cancelled",
    }  # fmt: skip
    assert told("scanyard-queue: Retries, by cause", "cause") == {"ResultLost"}
    assert told("scanyard-queue: Timeouts, by queue", "queue") == {"failing"}
    refused = told("scanyard-queue: Starts that were refused, by reason", "reason")
    assert refused == {"TargetUnresolvable"}
    both = {asked.lab.name, asked.team.name}
    assert told("scanyard-queue: Slots, by namespace", "scanjob_namespace") == both
    assert told("scanyard-queue: Slots, for each that is fair", "scanjob_namespace") == both


def test_every_record_has_data(asked: Asked) -> None:
    records = {rule["name"] for rule in asked.prometheus.rules() if rule["type"] == "recording"}
    assert len(records) > 5
    of_lab = f'{{queue_namespace="{asked.lab.name}"}}'
    eventually(
        lambda: [name for name in records if not asked.prometheus.query(f"{name}{of_lab}")],
        lambda left: not left,
        seconds=30,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_can_be_drawn(asked: Asked, path: Path, tmp_path: Path) -> None:
    """For people: every panel with what its queries found, on one page."""
    folder = Path(os.environ.get("SCANYARD_DRAWN", tmp_path))
    picture = folder / f"{path.stem}.png"
    draw(picture, path, asked.answer, names={asked.lab.name: "team-a", asked.team.name: "team-b"})
    assert 20_000 < picture.stat().st_size < 200_000
