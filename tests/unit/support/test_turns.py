"""Tests that change the installation have it for themselves."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.cluster.settings import Settings
from tests.support.turns import Turn, Turns, place, turn, worker_scope

_FROZEN = "tests/e2e/resilience/test_lost_nodes.py::test_a_frozen_node_comes_back"
_GENTLE = "tests/e2e/lifecycle/test_reruns.py::test_x"
_BREAKING = "tests/e2e/resilience/test_crashes.py::test_x"
_UNIT = "tests/unit/kube/test_lease.py::TestX::test_y"


def test_lost_nodes_come_first_and_do_not_share_a_worker_with_gentle_tests() -> None:
    assert sorted([_UNIT, _BREAKING, _GENTLE, _FROZEN], key=place) == [
        _FROZEN,
        _GENTLE,
        _BREAKING,
        _UNIT,
    ]
    assert worker_scope(_FROZEN) == worker_scope(_BREAKING) != worker_scope(_GENTLE)
    assert worker_scope(_UNIT) == "tests/unit/kube/test_lease.py"


@pytest.mark.parametrize(
    ("test", "wanted"),
    [(_FROZEN, Turn.USES), (_GENTLE, Turn.USES), (_BREAKING, Turn.CHANGES), (_UNIT, None)],
)
def test_what_a_test_asks_of_the_installation(test: str, wanted: Turn | None) -> None:
    assert turn(test) is wanted


def test_a_test_that_uses_the_installation_bears_only_its_like(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "c", None, None)
    turns = Turns()
    turns.take(Turn.USES, settings)
    assert _may(tmp_path, fcntl.LOCK_SH)
    assert not _may(tmp_path, fcntl.LOCK_EX)
    turns.take(Turn.CHANGES, settings)
    assert not _may(tmp_path, fcntl.LOCK_SH)
    turns.take(None, settings)
    assert _may(tmp_path, fcntl.LOCK_EX)


def _may(cache: Path, how: int) -> bool:
    """Whether another worker would get that lock now."""
    with (cache / "locks" / "installation in c").open("w") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
