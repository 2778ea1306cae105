"""The kstatus evaluator says what the published rules say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kstatus import compute


def resource(
    *conditions: tuple[str, str], generation: int = 1, observed: int | None = 1, **metadata: Any
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "conditions": [{"type": kind, "status": value} for kind, value in conditions]
    }
    if observed is not None:
        status["observedGeneration"] = observed
    return {"metadata": {"generation": generation, **metadata}, "status": status}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (resource(), "Current"),
        ({"metadata": {"generation": 1}}, "Current"),
        ({"metadata": {"generation": 1}, "status": {"observedGeneration": -1}}, "InProgress"),
        (resource(("Ready", "True"), generation=2), "InProgress"),
        (resource(("Stalled", "True"), generation=2), "InProgress"),
        (resource(("Ready", "True"), observed=None), "Current"),
        (resource(("Reconciling", "True")), "InProgress"),
        (resource(("Reconciling", "False")), "Current"),
        (resource(("Reconciling", "True"), ("Ready", "True")), "InProgress"),
        (resource(("Stalled", "True")), "Failed"),
        (resource(("Ready", "False"), ("Stalled", "True")), "Failed"),
        (resource(("Reconciling", "True"), ("Stalled", "True")), "InProgress"),
        (resource(("Stalled", "True"), ("Reconciling", "True")), "Failed"),
        (resource(("Ready", "True")), "Current"),
        (resource(("Ready", "False")), "InProgress"),
        (resource(("Ready", "Unknown")), "InProgress"),
        (resource(("Finished", "True"), ("Succeeded", "False")), "Current"),
        (resource(("Ready", "True"), deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating"),
        (resource(generation=2, deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating"),
    ],
)
def test_status(given: dict[str, Any], expected: str) -> None:
    assert compute(given) == expected
