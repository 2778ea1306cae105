"""Two replicas that log JSON, beside a Redis with a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import make_node
from tests.integration.runner.running import Runners
from tests.support.control_plane import ControlPlane
from tests.support.log_lines import PASSWORD
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with one node, which the tests play."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as started:
        make_node(started.cluster)
        yield started


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """It asks for the password."""
    with RedisServer(tmp_path_factory.mktemp("redis"), "requirepass", PASSWORD) as started:
        yield started


@pytest.fixture(scope="module")
def replicas(
    control_plane: ControlPlane, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    """One leads, the other stands by."""
    address = f"redis://:{PASSWORD}@127.0.0.1:{redis.port}/0"
    with Replicas(
        tmp_path_factory.mktemp("replicas"),
        control_plane.cluster,
        address,
        lease_seconds=10,
        settings={"SCANYARD_LOG_FORMAT": "json"},
    ) as started:
        yield started


@pytest.fixture
def runners(tmp_path: Path) -> Iterator[Runners]:
    """Starts runners that end with the test."""
    made = Runners(tmp_path)
    yield made
    made.stop_all()
