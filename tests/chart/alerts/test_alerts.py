"""The alerts: read by Prometheus, each fires when it must and only then, each has its runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from scanyard.metrics import SECTIONS
from tests.chart.alerts.plain import FILE, plain_rules, rule_groups
from tests.chart.rendering import NAMESPACE, ROOT, Chart, one

_TESTS: Final = Path(__file__).with_name("rules_test.yaml")
_RUNBOOKS: Final = ROOT / "docs" / "runbooks"
_NAMES: Final = sorted(
    rule["alert"]
    for group in yaml.safe_load(FILE.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
)


@pytest.fixture
def files(chart: Chart, tmp_path: Path) -> Path:
    """A folder with the rules and their tests."""
    (tmp_path / "rules.yaml").write_text(plain_rules(chart))
    shutil.copy(_TESTS, tmp_path)
    return tmp_path


def _promtool(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_plain_file_is_what_the_chart_renders(chart: Chart) -> None:
    assert plain_rules(chart) == FILE.read_text(), "run `make rules`"


def test_prometheus_reads_them(files: Path) -> None:
    _promtool(files, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")


def test_each_fires_when_it_must_and_only_then(files: Path) -> None:
    _promtool(files, "test", "rules", _TESTS.name)


@pytest.mark.parametrize("name", _NAMES)
def test_each_is_tested_both_ways(name: str) -> None:
    cases = [
        bool(each["exp_alerts"])
        for test in yaml.safe_load(_TESTS.read_text())["tests"]
        for each in test.get("alert_rule_test", ())
        if each["alertname"] == name
    ]
    assert set(cases) == {True, False}


@pytest.mark.parametrize("name", _NAMES)
def test_each_has_its_runbook(name: str) -> None:
    page = (_RUNBOOKS / f"{name}.md").read_text()
    assert re.findall(r"^#+ (.+)$", page, re.MULTILINE) == [
        name,
        "What it means",
        "How to look",
        "What to do",
    ]


def test_no_runbook_is_left_over() -> None:
    pages = sorted(path.stem for path in _RUNBOOKS.glob("Scanyard*.md"))
    assert pages == _NAMES
    index = (ROOT / "docs" / "alerts.md").read_text()
    assert sorted(re.findall(r"runbooks/(\w+)\.md", index)) == _NAMES


def test_they_ask_for_metrics_that_there_are(chart: Chart) -> None:
    served = set()
    for metric in (metric for section in SECTIONS.values() for metric in section):
        (family,) = metric.describe()
        served |= {family.name + end for end in ("", "_total", "_bucket", "_count", "_sum")}
    asked = set()
    for group in rule_groups(chart):
        for rule in group["rules"]:
            asked |= set(re.findall(r"\bscanyard_\w+", rule["expr"]))
    assert asked
    assert asked <= served


def test_times_thresholds_labels_and_runbooks_can_be_said(chart: Chart) -> None:
    values: dict[str, Any] = {
        "for": {"noLeader": "7s"},
        "thresholds": {
            "failedRatio": 0.5,
            "leastFinished": 9,
            "startWindow": "2m",
            "reconcileErrors": 3,
            "errorsWindow": "4m",
        },
        "labels": {"team": "security"},
        "runbookUrl": "https://docs.example/runbooks/",
    }
    rules = {
        rule["alert"]: rule
        for group in rule_groups(chart, values)
        for rule in group["rules"]
        if "alert" in rule
    }
    assert rules["ScanyardNoLeader"]["for"] == "7s"
    assert rules["ScanyardNoLeader"]["labels"] == {"severity": "critical", "team": "security"}
    assert rules["ScanyardNoLeader"]["annotations"]["runbook_url"] == (
        "https://docs.example/runbooks/ScanyardNoLeader.md"
    )
    assert "> 0.5" in rules["ScanyardScansFail"]["expr"]
    assert ">= 9" in rules["ScanyardScansFail"]["expr"]
    assert rules["ScanyardPodsDoNotStart"]["expr"].count("[2m]") == 2
    assert rules["ScanyardPodsDoNotStart"]["expr"].count("offset 2m") == 2
    assert "[4m])) > 3" in rules["ScanyardReconcileErrors"]["expr"]


def test_an_installation_that_is_gone_is_missed_although_another_is_there(
    chart: Chart, tmp_path: Path
) -> None:
    """Of several that share a Prometheus, each asks for its own."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": rule_groups(chart)}))
    seen = [{"series": 'scanyard_leader{namespace="other"}', "values": "1x30"}]
    fires = {
        "exp_labels": {"severity": "critical", "namespace": NAMESPACE},
        "exp_annotations": {"summary": "No operator is seen by Prometheus at all."},
    }
    case = {"eval_time": "10m", "alertname": "ScanyardDown", "exp_alerts": [fires]}
    test = {"interval": "1m", "input_series": seen, "alert_rule_test": [case]}
    tests = {"rule_files": ["rules.yaml"], "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(tests))
    _promtool(tmp_path, "test", "rules", "test.yaml")


def test_a_rule_is_made_where_the_cluster_knows_them(chart: Chart) -> None:
    values = {"alerts": {"prometheusRule": {"enabled": True, "labels": {"release": "prom"}}}}
    known = chart.render(values, "--api-versions=monitoring.coreos.com/v1/PrometheusRule")
    rule = one(list(yaml.safe_load_all(known)), "PrometheusRule", "scanyard")
    assert rule["metadata"]["labels"]["release"] == "prom"
    assert "alerts.prometheusRule.force" in chart.refusal(values)
