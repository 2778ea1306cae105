"""Fixtures of the chart's tests."""

from __future__ import annotations

import os

import pytest

from tests.chart.crd_schemas import write_schemas
from tests.chart.kubeconform import Kubeconform
from tests.chart.rendering import Chart
from tests.cluster import programs, schemas, settings


@pytest.fixture(scope="session")
def chart() -> Chart:
    """The chart in this checkout."""
    chosen = settings.from_environment(os.environ)
    return Chart(programs.tool(chosen, "helm"))


@pytest.fixture(scope="session")
def kubeconform(tmp_path_factory: pytest.TempPathFactory) -> Kubeconform:
    """Checks manifests against Kubernetes' schemas and those of our own CRDs."""
    chosen = settings.from_environment(os.environ)
    ours = tmp_path_factory.mktemp("crd-schemas")
    write_schemas(ours)
    return Kubeconform(programs.tool(chosen, "kubeconform"), (schemas.ensure(chosen), ours))
