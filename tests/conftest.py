"""For all tests: how hard Hypothesis tries, and which tests may run side by side.

Hypothesis is quick by default; `--hypothesis-profile=long` gives many more examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# Machines that share two cores with a cluster are slow now and then; that is no failure.
_unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("quick", _unhurried, max_examples=100)
settings.register_profile("long", _unhurried, max_examples=10_000)
settings.load_profile("quick")

#: Folders whose tests share one thing: they go to one worker, one after the other.
_SHARED: Final = {
    "tests/e2e/": "the cluster with its one installation",
    "tests/crashpoints/": "an API server with its one Lease",
    "tests/integration/cli/people/": "an API server with its tenants",
}


class _SharedThings(LoadScopeScheduling):  # type: ignore[misc]
    """One worker for each shared thing; all other tests go by file to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        for folder, thing in _SHARED.items():
            if nodeid.startswith(folder):
                return thing
        return nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """The marks of xdist do not reach its own scheduler (xdist 3.8 with pytest 9.2).

    Unit tests share nothing: xdist's own choice, which is faster, is right for them alone.
    """
    if all(Path(arg).is_relative_to("tests/unit") for arg in config.args):
        return None
    return _SharedThings(config, log)
