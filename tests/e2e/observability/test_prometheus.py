"""A real Prometheus with the chart's rules finds every operator Pod and evaluates every rule."""

from __future__ import annotations

from pathlib import Path

from tests.chart.alerts.plain import FILE
from tests.support.installation import NAMESPACE, RELEASE, Installation
from tests.support.kube import eventually
from tests.support.operator_process import OperatorProcess
from tests.support.prometheus import watching_installation


def test_it_scrapes_leader_and_standby_and_evaluates_all_rules(
    installation: Installation, tmp_path: Path
) -> None:
    leader = OperatorProcess(installation).leader()
    with watching_installation(installation.cluster, tmp_path, FILE.read_text()) as prometheus:
        prometheus.wait_scraped(2)
        told = {
            series.labels["pod"]: series.value for series in prometheus.query("scanyard_leader")
        }
        assert told.pop(leader.pod) == 1
        assert list(told.values()) == [0]
        (series,) = prometheus.query(f'scanyard_leader{{pod="{leader.pod}"}}')
        expected = {
            "namespace": NAMESPACE,
            "service": f"{RELEASE}-metrics",
            "job": f"{RELEASE}-metrics",
            "container": "operator",
            "endpoint": "metrics",
        }
        assert expected.items() <= series.labels.items()
        rules = eventually(
            prometheus.rules,
            lambda rules: all(rule["health"] != "unknown" for rule in rules),
            seconds=30,
        )
        assert rules
        assert {rule["name"]: rule.get("lastError", "") for rule in rules} == {
            rule["name"]: "" for rule in rules
        }
        assert {rule["health"] for rule in rules} == {"ok"}
