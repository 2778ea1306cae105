"""Two replicas of these tests' own, on machines whose clocks can be turned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.chaos.replicas import Replicas
from tests.integration.two_replicas import lab_of, two_replicas
from tests.support.scans import Lab

#: Long enough to be renewed in time on a machine that does much else.
_LEASE_SECONDS = 10


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas, of which one leads."""
    with two_replicas(
        tmp_path_factory, lease_seconds=_LEASE_SECONDS, turnable_clocks=True
    ) as started:
        yield started


@pytest.fixture
def lab(replicas: Replicas) -> Iterator[Lab]:
    """A namespace of a test's own; both replicas are up, and their clocks are right."""
    with lab_of(replicas, "resilience") as opened:
        try:
            yield opened
        finally:
            for replica in replicas.all:
                replica.clock.turn(timedelta(0))
