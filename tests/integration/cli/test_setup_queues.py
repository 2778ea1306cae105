"""`scanyard setup-queues` on a real API server: server-side apply does what we tell of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Run
from tests.support.kube import Namespace


@pytest.fixture
def apply(scanyard: Run, namespace: Namespace, tmp_path: Path) -> Run:
    """Apply a list with one queue `name` that has these fields."""

    def run(name: str, *options: str, **fields: Any) -> str:
        path = tmp_path / "queues.json"
        path.write_text(json.dumps([{"name": name, **fields}]), encoding="utf-8")
        return scanyard(
            "setup-queues", "--file", str(path), "--namespace", namespace.name, *options
        )

    return run


def queue(namespace: Namespace, name: str) -> dict[str, Any]:
    """A queue's spec."""
    return dict(namespace.get("scanqueues", name)["spec"])


def without_status(live: dict[str, Any]) -> dict[str, Any]:
    """What is not an operator's: the spec, its generation, and the set-up's own entry."""
    metadata = live["metadata"]
    ours = [entry for entry in metadata["managedFields"] if entry["manager"] == "scanyard-setup"]
    return {"spec": live["spec"], "generation": metadata["generation"], "ours": ours}


def test_a_queue_is_made_once_and_applying_again_changes_nothing(
    apply: Run, namespace: Namespace
) -> None:
    key = f"{namespace.name}/once"
    assert apply("once", maxConcurrent=3) == f"{key}: created\n"
    before = namespace.get("scanqueues", "once")
    assert apply("once", maxConcurrent=3) == f"{key}: applied\n"
    after = namespace.get("scanqueues", "once")
    assert without_status(after) == without_status(before)
    assert before["spec"]["maxConcurrent"] == 3
    assert before["spec"]["agingSeconds"] == 600, "the CRD's default, which nobody sent"


def test_a_changed_list_changes_the_queue_and_a_field_that_left_it_gets_its_default(
    apply: Run, namespace: Namespace
) -> None:
    apply("changing", maxConcurrent=3, priority=7)
    apply("changing", maxConcurrent=4)
    spec = queue(namespace, "changing")
    assert (spec["maxConcurrent"], spec["priority"]) == (4, 0)


def test_what_a_user_changed_stays_until_it_is_forced(apply: Run, namespace: Namespace) -> None:
    apply("tuned", maxConcurrent=3, priority=1)
    namespace.kubectl(
        "patch", "scanqueue/tuned", "--type=merge", "--field-manager=kubectl-edit",
        "--patch", '{"spec": {"maxConcurrent": 8}}',
    )  # fmt: skip
    printed = apply("tuned", maxConcurrent=3, priority=2)
    assert 'maxConcurrent stays 8, as "kubectl-edit" set it; the list says 3' in printed
    spec = queue(namespace, "tuned")
    assert (spec["maxConcurrent"], spec["priority"]) == (8, 2)

    assert "stays" not in apply("tuned", "--force-conflicts", maxConcurrent=3, priority=2)
    spec = queue(namespace, "tuned")
    assert spec["maxConcurrent"] == 3


def test_a_value_that_a_user_set_likewise_is_no_conflict(apply: Run, namespace: Namespace) -> None:
    apply("agreed", maxConcurrent=3)
    namespace.patch("scanqueues", "agreed", {"spec": {"maxConcurrent": 8}}).expect()
    assert apply("agreed", maxConcurrent=8) == f"{namespace.name}/agreed: applied\n"


def test_a_field_that_only_the_user_set_is_left_alone(apply: Run, namespace: Namespace) -> None:
    apply("held", maxConcurrent=3)
    namespace.patch("scanqueues", "held", {"spec": {"stopPolicy": "Hold"}}).expect()
    apply("held", maxConcurrent=4)
    spec = queue(namespace, "held")
    assert (spec["maxConcurrent"], spec["stopPolicy"]) == (4, "Hold")
