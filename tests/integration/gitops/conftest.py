"""An API server of its own, on which examples are applied as they stand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.control_plane import ControlPlane
from tests.support.kube import Namespace, temporary_namespace


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as opened:
        yield opened


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[Namespace]:
    """One of a test's own."""
    with temporary_namespace(control_plane.cluster) as name:
        yield Namespace(control_plane.cluster, name)
