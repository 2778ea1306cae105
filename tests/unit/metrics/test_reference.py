"""The page about the metrics says what is served, and nothing else is."""

from __future__ import annotations

import re

import pytest
from prometheus_client import REGISTRY, generate_latest

from scanyard import metrics
from scanyard.metrics.__main__ import main
from scanyard.metrics.reference import reference
from tests.cluster.settings import REPOSITORY

_ALL = [metric for section in metrics.SECTIONS.values() for metric in section]
_DESCRIBED = re.compile(r"^\| `(scanyard_\w+)` \| (\w+) \|", re.MULTILINE)


def test_the_page_is_up_to_date(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert main(["--check", str(REPOSITORY / "docs/metrics.md")]) == 0
    other = tmp_path_factory.mktemp("page") / "metrics.md"
    assert main(["--check", str(other)]) == 1
    assert main([str(other)]) == 0
    assert main(["--check", str(other)]) == 0


def test_every_metric_is_on_it_as_it_is_served() -> None:
    served = re.findall(r"^# TYPE (scanyard_\w+) (\w+)$", generate_latest().decode(), re.MULTILINE)
    # prometheus_client serves the time of creation of each as a gauge beside it.
    served = [(name, kind) for name, kind in served if not name.endswith("_created")]
    assert sorted(_DESCRIBED.findall(reference())) == sorted(served)


@pytest.mark.parametrize("metric", _ALL, ids=lambda metric: metric.describe()[0].name)
def test_names_follow_the_conventions(metric: metrics.Metric) -> None:
    (family,) = metric.describe()
    units = ("_seconds", "_bytes", "_per_second", "_per_second_limit")
    if family.type == "histogram":
        assert family.name.endswith(units), "a histogram has a unit"
    assert not re.search(r"_(ms|millis|kb|mb|percent|count|sum|bucket)$", family.name)
    assert family.documentation.endswith(".")


def test_no_series_of_a_queue_that_is_gone() -> None:
    labels = {"queue_namespace": "team", "queue": "short-lived"}
    metrics.QUEUE_LIMIT.labels(**labels).set(3)
    metrics.ADMISSIONS.labels(**labels).inc()
    metrics.RUN_SECONDS.labels(**labels, scanner="nmap").observe(1)
    metrics.ATTEMPTS_ENDED.labels(**labels, scanner="nmap", reason="ScanComplete").inc()
    metrics.CPU_SECONDS.labels("nmap").observe(1)
    metrics.QUEUE_LIMIT.labels("team", "other").set(4)
    metrics.forget_queues([("team", "short-lived")])
    assert "short-lived" not in generate_latest().decode()
    other = {"queue_namespace": "team", "queue": "other"}
    assert REGISTRY.get_sample_value("scanyard_queue_limit", other) == 4
    assert REGISTRY.get_sample_value("scanyard_scan_cpu_seconds_count", {"scanner": "nmap"})
    metrics.forget_queues([("team", "other")])
