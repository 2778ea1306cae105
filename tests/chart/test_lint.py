"""The chart and the examples are well-formed: helm lint, and kubeconform with strict schemas."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.chart.kubeconform import Kubeconform
from tests.chart.rendering import CHART, MATRIX, NAMESPACE, PRODUCTION, Chart, Object
from tests.support import examples


@pytest.mark.parametrize("values", [*MATRIX.values(), PRODUCTION], ids=[*MATRIX, "as-it-is"])
def test_helm_lint(chart: Chart, values: Object) -> None:
    result = chart.lint(values)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout + result.stderr


@pytest.mark.parametrize("name", MATRIX)
def test_manifests_are_valid_kubernetes(chart: Chart, kubeconform: Kubeconform, name: str) -> None:
    assert kubeconform.problems(chart.text(MATRIX[name])) == ""


def test_the_file_for_production_is_rendered_where_monitors_are_known(chart: Chart) -> None:
    assert "metrics.serviceMonitor.force" in chart.refusal(PRODUCTION), "it says what is missing"
    group = "monitoring.coreos.com/v1"
    known = [f"--api-versions={group}/{kind}" for kind in ("ServiceMonitor", "PrometheusRule")]
    text = chart.render({}, f"--values={CHART / 'values-production.yaml'}", *known)
    assert text == chart.text(MATRIX["production"])


@pytest.mark.parametrize("path", examples.FILES, ids=lambda path: path.name)
def test_examples_are_valid(kubeconform: Kubeconform, path: Path) -> None:
    assert kubeconform.problems(yaml.safe_dump_all(examples.documents(path))) == ""


@pytest.mark.parametrize("name", MATRIX)
def test_the_first_scan_in_the_notes_is_valid(
    chart: Chart, kubeconform: Kubeconform, name: str
) -> None:
    notes = chart.notes(MATRIX[name])
    heredoc = notes.partition("<<'SCANJOB'\n")[2].partition("SCANJOB\n")[0]
    manifest = yaml.safe_load(heredoc)
    assert kubeconform.problems(yaml.safe_dump(manifest)) == ""
    queues = MATRIX[name].get("queues") or [{"name": "default"}]
    home = MATRIX[name].get("watchNamespaces", [NAMESPACE])[0]
    assert manifest["spec"]["queueRef"]["name"] == queues[0]["name"]
    assert f"-n {queues[0].get('namespace', home)} " in notes


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("ScanQueue", {"maxConcurent": 3}, "maxConcurent"),
        ("ScanQueue", {"maxConcurrent": -1}, "maxConcurrent"),
        ("ScanJob", {"scanner": "nmap", "targets": ["192.0.2.1"], "nmap": {"x": 1}}, "nmap"),
    ],
)
def test_the_check_sees_mistakes_in_our_resources(
    kubeconform: Kubeconform, kind: str, spec: object, field: str
) -> None:
    manifest = {"apiVersion": "scanyard.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}}
    assert field in kubeconform.problems(yaml.safe_dump({**manifest, "spec": spec}))


def test_the_check_sees_mistakes_in_kubernetes_resources(kubeconform: Kubeconform) -> None:
    manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}"
    assert "dat" in kubeconform.problems(manifest)
