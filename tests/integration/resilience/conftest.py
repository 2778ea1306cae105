"""An API server, Redis, a node and two replicas of these tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import make_node
from tests.support.control_plane import ControlPlane
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab

#: Long enough to be renewed in time on a machine that does much else.
LEASE_SECONDS = 10


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas, of which one leads."""
    directory = tmp_path_factory.mktemp
    with (
        ControlPlane(directory("control-plane")) as control_plane,
        RedisServer(directory("redis")) as redis,
        Replicas(
            directory("replicas"),
            control_plane.cluster,
            redis.url,
            lease_seconds=LEASE_SECONDS,
            turnable_clocks=True,
        ) as started,
    ):
        make_node(control_plane.cluster)
        yield started


@pytest.fixture
def lab(replicas: Replicas) -> Iterator[Lab]:
    """A namespace of a test's own; both replicas are up, and their clocks are right."""
    replicas.revive()
    replicas.wait_ready()
    cluster = replicas.cluster
    with Lab(cluster, "resilience") as opened:
        try:
            yield opened
        finally:
            for replica in replicas.all:
                replica.clock.turn(timedelta(0))
            # No controller empties the namespace, and the operator would go on with all of it.
            pods = f"/api/v1/namespaces/{opened.name}/pods"
            for path in (opened.namespace.path("scanjobs"), pods):
                cluster.request("DELETE", path, {"gracePeriodSeconds": 0}).expect()
