"""The scanyard command against an API server of its own.

In the test cluster an operator may lead meanwhile, who answers what these tests write.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.command_line import Run, scanyard
from tests.support.control_plane import ControlPlane
from tests.support.kube import Cluster, crds, namespace

__all__ = ["Run", "crds", "namespace", "scanyard"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Nobody's but these tests'."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as opened:
        yield opened.cluster
