"""For all tests: how hard Hypothesis tries, and which tests may run side by side.

Hypothesis is quick by default; `--hypothesis-profile=long` gives many more examples, `check` few.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.cluster import settings as cluster_settings
from tests.support import turns

# Machines that share two cores with a cluster are slow now and then; that is no failure.
_unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("check", _unhurried, max_examples=15)
settings.register_profile("quick", _unhurried, max_examples=100)
settings.register_profile("long", _unhurried, max_examples=10_000)
settings.load_profile("quick")


class _SharedThings(LoadScopeScheduling):  # type: ignore[misc]
    """One worker for each shared thing; all other tests go by file to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return turns.worker_scope(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that it is not waited for at the end."""
    items.sort(key=lambda item: turns.place(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """The marks of xdist do not reach its own scheduler (xdist 3.8 with pytest 9.2).

    Unit tests share nothing: xdist's own choice, which is faster, is right for them alone.
    """
    if all(Path(arg).is_relative_to("tests/unit") for arg in config.args):
        return None
    # It would begin with the scope of most tests.
    config.option.loadscopereorder = False
    return _SharedThings(config, log)


_turns = turns.Turns()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Wait for the test's turn, before its own time limit begins."""
    wanted = turns.turn(item.nodeid)
    _turns.take(wanted, cluster_settings.from_environment(os.environ))
    try:
        return (yield)
    finally:
        if nextitem is None or turns.turn(nextitem.nodeid) is not wanted:
            _turns.give_back()
