"""Which tests may run side by side, on which worker, and in what order.

End-to-end tests share one cluster with one installation. Those that break it, or change it, go one
after the other. The others only use it, and go side by side with each other: first of all, while
the test of lost nodes, which mostly waits, is under way on another worker.
"""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from typing import Final

from tests.cluster import lock
from tests.cluster.settings import Settings


class Turn(StrEnum):
    """What a test asks of the installation."""

    USES = "uses it"
    CHANGES = "changes it"


_USERS: Final = "uses the installation"
_CHANGERS: Final = "the installation"
#: Folders and files in the order in which they are begun: what shares a thing, on which worker, and
#: what it asks of the installation. The first that fits counts.
_ORDER: Final = (
    # Before the test that takes a node away, and on the same worker: it needs that node.
    ("tests/e2e/nodes/", _CHANGERS, Turn.USES),
    ("tests/e2e/resilience/test_lost_nodes.py", _CHANGERS, Turn.USES),
    ("tests/e2e/lifecycle/", _USERS, Turn.USES),
    ("tests/e2e/limits/", _USERS, Turn.USES),
    ("tests/e2e/bad_input/", _USERS, Turn.USES),
    ("tests/e2e/queue_rules/", _USERS, Turn.USES),
    ("tests/e2e/tenancy/", _USERS, Turn.USES),
    ("tests/e2e/chart/test_release.py", _USERS, Turn.USES),
    ("tests/e2e/chart/test_rights.py", _USERS, Turn.USES),
    ("tests/e2e/observability/test_prometheus.py", _USERS, Turn.USES),
    ("tests/e2e/observability/test_dashboards.py", _USERS, Turn.USES),
    ("tests/e2e/test_scanners.py", _USERS, Turn.USES),
    ("tests/e2e/test_logs.py", _USERS, Turn.USES),
    ("tests/e2e/test_egress_guard.py", _USERS, Turn.USES),
    ("tests/e2e/", _CHANGERS, Turn.CHANGES),
    ("tests/crashpoints/", "an API server with its one Lease", None),
    ("tests/integration/cli/people/", "an API server with its tenants", None),
    ("tests/integration/gitops/", "an API server with the examples", None),
    ("", "", None),
)


def place(nodeid: str) -> int:
    """Where in the order a test stands."""
    return next(n for n, (prefix, *_) in enumerate(_ORDER) if nodeid.startswith(prefix))


def worker_scope(nodeid: str) -> str:
    """Tests of one scope go to one worker, one after the other; without a shared thing, by file."""
    return _ORDER[place(nodeid)][1] or nodeid.partition("::")[0]


def turn(nodeid: str) -> Turn | None:
    """What a test asks of the installation; None: nothing."""
    return _ORDER[place(nodeid)][2]


class Turns:
    """One worker's turns. One lasts until a test asks for another, since stories outlast a test."""

    def __init__(self) -> None:
        self._held: Turn | None = None
        self._lock = ExitStack()

    def take(self, wanted: Turn | None, settings: Settings) -> None:
        """Wait until nobody on another worker stands in the way of it."""
        if wanted is self._held:
            return
        self.give_back()
        if wanted is not None:
            what = f"installation in {settings.name}"
            self._lock.enter_context(lock.held(settings, what, shared=wanted is Turn.USES))
        self._held = wanted

    def give_back(self) -> None:
        """Let others have theirs."""
        self._lock.close()
        self._held = None
