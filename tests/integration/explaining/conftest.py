"""Two replicas of these tests' own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.replicas import Replicas
from tests.integration.two_replicas import lab_of, two_replicas
from tests.support.scans import Lab

_LEASE_SECONDS = 5


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """One leads, the other stands by."""
    with two_replicas(tmp_path_factory, lease_seconds=_LEASE_SECONDS) as started:
        yield started


@pytest.fixture
def lab(replicas: Replicas) -> Iterator[Lab]:
    """A namespace of a test's own; both replicas are up."""
    with lab_of(replicas, "explaining") as opened:
        yield opened
