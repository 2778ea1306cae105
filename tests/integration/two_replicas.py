"""Two replicas on an API server and a Redis of the tests' own; nodes are played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.replicas import Replicas
from tests.crashpoints.kubelet import make_node
from tests.support.control_plane import ControlPlane
from tests.support.redis_server import RedisServer
from tests.support.scans import Lab


@contextmanager
def two_replicas(
    folders: pytest.TempPathFactory, *, lease_seconds: int, turnable_clocks: bool = False
) -> Iterator[Replicas]:
    """One leads, the other stands by; there is one node, which runs nothing."""
    with (
        ControlPlane(folders.mktemp("control-plane")) as control_plane,
        RedisServer(folders.mktemp("redis")) as redis,
        Replicas(
            folders.mktemp("replicas"),
            control_plane.cluster,
            redis.url,
            lease_seconds=lease_seconds,
            turnable_clocks=turnable_clocks,
        ) as started,
    ):
        make_node(control_plane.cluster)
        yield started


@contextmanager
def lab_of(replicas: Replicas, name: str) -> Iterator[Lab]:
    """A namespace of a test's own, empty afterwards; both replicas are up."""
    replicas.revive()
    replicas.wait_ready()
    with Lab(replicas.cluster, name) as opened:
        try:
            yield opened
        finally:
            # No controller empties the namespace, and the operator would go on with all of it.
            for path in (
                opened.namespace.path("scanjobs"),
                f"/api/v1/namespaces/{opened.name}/pods",
                opened.namespace.path("scanqueues"),
            ):
                body = {"gracePeriodSeconds": 0}
                replicas.cluster.request("DELETE", path, body).expect()
