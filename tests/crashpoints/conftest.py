"""One API server, one Redis and one server of operators for all crash points."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crashpoints.kubelet import make_node
from tests.crashpoints.operators import OperatorServer
from tests.crashpoints.points import points
from tests.crashpoints.stage import Stage, World
from tests.support.control_plane import ControlPlane
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything that outlives a test."""
    directory = tmp_path_factory.mktemp
    with (
        ControlPlane(directory("control-plane")) as control_plane,
        RedisServer(directory("redis")) as redis,
        OperatorServer(directory("operators"), control_plane.kubeconfig, redis.url) as operators,
    ):
        make_node(control_plane.cluster)
        yield World(control_plane.cluster, redis, operators)


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    """A namespace, a ledger and a node of one test's own."""
    with Stage(world) as opened:
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each point; of the variants only a sample, unless in the long profile."""
    if "point" in metafunc.fixturenames:
        long = metafunc.config.getoption("--hypothesis-profile") == "long"
        metafunc.parametrize("point", points(everything=long), ids=str)
