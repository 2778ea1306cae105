"""Grafana's sidecar gets the dashboards as they are in the chart; their links lead somewhere."""

from __future__ import annotations

import json
from typing import Any

from grafana.dress import RUNBOOKS
from tests.chart.rendering import NAMESPACE, Chart, Object, of_kind
from tests.support.dashboards import FILES

#: Of a ConfigMap's data, in bytes.
_MOST = 2**20
#: kubectl apply keeps a copy in an annotation, where it has less room.
_MOST_APPLIED = 256 * 2**10


def config_maps(chart: Chart, values: Object) -> list[Object]:
    """Those with dashboards."""
    return [
        item
        for item in of_kind(chart.objects(values), "ConfigMap")
        if "-dashboard-" in item["metadata"]["name"]
    ]


def boards(found: list[Object]) -> dict[str, str]:
    """File names and contents of all of them."""
    assert all(len(item["data"]) == 1 for item in found)
    return {name: text for item in found for name, text in item["data"].items()}


def test_there_are_none_unless_asked_for(chart: Chart) -> None:
    assert config_maps(chart, {}) == []


def test_they_are_exactly_the_files_and_small_enough(chart: Chart) -> None:
    where = "https://docs.example/runbooks"
    values = {"dashboards": {"enabled": True}, "alerts": {"runbookUrl": f"{where}/"}}
    found = boards(config_maps(chart, values))
    wanted = {path.name: path.read_text().replace(RUNBOOKS, where).strip() for path in FILES}
    assert {name: text.strip() for name, text in found.items()} == wanted
    for item in config_maps(chart, values):
        assert len(json.dumps(item)) < _MOST_APPLIED < _MOST
        assert where in json.dumps(item)


def test_without_runbooks_nothing_leads_to_them(chart: Chart) -> None:
    found = boards(config_maps(chart, {"dashboards": {"enabled": True}}))
    assert found.keys() == {path.name for path in FILES}
    for path in FILES:
        wanted = json.loads(path.read_text())
        for panel in wanted["panels"]:
            panel.pop("links", None)
        assert json.loads(found[path.name]) == wanted
        assert RUNBOOKS not in found[path.name]


def test_the_default_label_can_be_dropped(chart: Chart) -> None:
    """By null, Helm's way to drop what values.yaml says; nothing is left then."""
    values = {"dashboards": {"enabled": True, "labels": {"grafana_dashboard": None}}}
    found = config_maps(chart, values)
    assert len(found) == len(FILES)
    for item in found:
        assert "grafana_dashboard" not in item["metadata"]["labels"]
        assert item["metadata"]["labels"]["app.kubernetes.io/name"] == "scanyard"


def test_the_sidecar_finds_them(chart: Chart) -> None:
    plain: dict[str, Any] = {"enabled": True}
    for item in config_maps(chart, {"dashboards": plain}):
        assert item["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert item["metadata"]["namespace"] == NAMESPACE
        assert "annotations" not in item["metadata"]
    elsewhere = plain | {
        "namespace": "monitoring",
        "labels": {"grafana_dashboard": None, "board": "yes"},
        "annotations": {"grafana_folder": "Scans"},
    }
    for item in config_maps(chart, {"dashboards": elsewhere}):
        labels = item["metadata"]["labels"]
        assert (labels["board"], "grafana_dashboard" in labels) == ("yes", False)
        assert item["metadata"]["namespace"] == "monitoring"
        assert item["metadata"]["annotations"] == {"grafana_folder": "Scans"}
