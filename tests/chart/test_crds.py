"""The CustomResourceDefinitions in the chart are the generated ones, and outlive the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import CHART, ROOT, Chart, of_kind

GENERATED = sorted((ROOT / "crds").glob("*.yaml"))


def generated(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_charts_copy_is_what_was_generated() -> None:
    copies = {path.name: path.read_bytes() for path in (CHART / "files" / "crds").iterdir()}
    assert copies == {path.name: path.read_bytes() for path in GENERATED}, (
        "run `python -m scanyard.api charts/scanyard/files/crds`"
    )
    assert len(copies) == 2


def test_rendering_adds_metadata_and_changes_nothing_else(chart: Chart) -> None:
    crds = of_kind(chart.objects(), "CustomResourceDefinition")
    rendered = {crd["metadata"]["name"]: crd for crd in crds}
    for path in GENERATED:
        expected = generated(path)
        crd = rendered.pop(expected["metadata"]["name"])
        assert crd["spec"] == expected["spec"]
        assert crd["apiVersion"] == expected["apiVersion"]
        annotations = crd["metadata"]["annotations"]
        assert annotations.pop("helm.sh/resource-policy") == "keep"
        assert annotations == expected["metadata"].get("annotations", {})
    assert rendered == {}


def test_crds_can_be_left_out(chart: Chart) -> None:
    assert of_kind(chart.objects({"crds": {"enabled": False}}), "CustomResourceDefinition") == []


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.stem)
def test_crds_can_go_with_the_release(chart: Chart, path: Path) -> None:
    name = generated(path)["metadata"]["name"]
    rendered = of_kind(chart.objects({"crds": {"keep": False}}), "CustomResourceDefinition")
    crd = next(crd for crd in rendered if crd["metadata"]["name"] == name)
    assert "helm.sh/resource-policy" not in crd["metadata"]["annotations"]
