"""Chart.yaml: what Artifact Hub and people are told of the chart is so."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import yaml

from tests.chart.kubeconform import Kubeconform
from tests.chart.rendering import CHART, ROOT, Chart, environment, of_kind, one, pod_specs

METADATA = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
CRDS = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]


def annotation(name: str) -> Any:
    return yaml.safe_load(METADATA["annotations"][f"artifacthub.io/{name}"])


def test_every_image_of_the_release_is_named(chart: Chart) -> None:
    objects = chart.objects()
    images = {
        container["image"] for _, spec in pod_specs(objects) for container in spec["containers"]
    }
    images.add(environment(one(objects, "Deployment", "scanyard"))["SCANYARD_SCANNER_IMAGE"])
    assert {item["image"] for item in annotation("images")} == images


def test_every_kind_is_named_as_it_is_defined_and_has_an_example(
    chart: Chart, kubeconform: Kubeconform
) -> None:
    assert of_kind(chart.objects(), "CustomResourceDefinition")
    told = {(item["name"], item["kind"], item["version"]) for item in annotation("crds")}
    assert told == {
        (crd["metadata"]["name"], crd["spec"]["names"]["kind"], version["name"])
        for crd in CRDS
        for version in crd["spec"]["versions"]
    }
    examples = annotation("crdsExamples")
    assert {item["kind"] for item in examples} == {kind for _, kind, _ in told}
    assert kubeconform.problems(yaml.safe_dump_all(examples)) == ""


def test_version_and_licence_are_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert METADATA["appVersion"] == project["version"]
    assert METADATA["annotations"]["artifacthub.io/license"] == project["license"]
    assert METADATA["description"] == project["description"]
    title = (CHART / "LICENSE").read_text().split()[:4]
    assert project["license"] == "Apache-2.0"
    assert title == ["Apache", "License", "Version", "2.0,"]


@pytest.mark.parametrize("name", ["image", "scanner.image", "redis.image"])
def test_a_digest_wins_over_the_tag_of_each_image(chart: Chart, name: str) -> None:
    digest = f"sha256:{'ab' * 32}"
    values: dict[str, Any] = {"tag": "9.9.9", "digest": digest}
    for key in reversed(name.split(".")):
        values = {key: values}
    text = chart.text(values)
    assert f"@{digest}" in text
    assert "9.9.9" not in text
