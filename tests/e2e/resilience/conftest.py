"""The operator's process and its Redis, to be looked at and to be broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.command_line import scanyard
from tests.support.installation import Installation
from tests.support.installed_redis import InstalledRedis
from tests.support.operator_process import OperatorProcess
from tests.support.operator_role import OperatorRole

__all__ = ["operator", "redis", "scanyard"]


@pytest.fixture
def operator(installation: Installation) -> Iterator[OperatorProcess]:
    """The operator, ready at the beginning, and ready again at the end."""
    OperatorRole(installation.cluster).heal()
    process = OperatorProcess(installation)
    process.wait_ready()
    yield process
    process.wait_ready()


@pytest.fixture
def redis(installation: Installation) -> InstalledRedis:
    """The installation's Redis."""
    return InstalledRedis(installation)
