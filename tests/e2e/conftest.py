"""The installed chart, target Pods with known ports, and a namespace for each test module."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.support import diagnosis
from tests.support.installation import Installation, ensure_installed
from tests.support.kube import Cluster
from tests.support.scans import Lab
from tests.support.targets import Targets, target_pods


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Scanyard, installed by Helm and ready."""
    return ensure_installed()


@pytest.fixture(scope="session")
def cluster(installation: Installation) -> Cluster:
    """The cluster that it runs on."""
    return installation.cluster


@pytest.fixture(scope="session")
def targets(cluster: Cluster) -> Iterator[Targets]:
    """Pods to scan, shared by all tests."""
    with target_pods(cluster) as pods:
        yield pods


@pytest.fixture
def lab(cluster: Cluster) -> Iterator[Lab]:
    """A namespace of one test's own."""
    with Lab(cluster) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_lab(cluster: Cluster) -> Iterator[Lab]:
    """A namespace for all tests of a module, which run side by side in it."""
    with Lab(cluster) as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the state of the test's namespaces to a failure."""
    report = yield
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Lab):
                told = diagnosis.describe(Installation(value.cluster), value.name)
                report.sections.append((f"namespace {value.name}", told))
    return report
