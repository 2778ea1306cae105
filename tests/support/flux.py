"""What Flux makes of a resource by the health check expressions of our example.

Written from Flux's documentation (Kustomization, "Health check expressions"): a status that speaks
of another generation is in progress; then inProgress, failed and current are asked, in this order;
if none holds it is in progress. An expression that cannot be evaluated is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import yaml
from cel_expr_python import cel

from tests.cluster.settings import REPOSITORY
from tests.support.kstatus import Status

_EXAMPLES: Final = REPOSITORY / "examples/gitops/flux"
_ORDER: Final[tuple[tuple[str, Status], ...]] = (
    ("inProgress", "InProgress"),
    ("failed", "Failed"),
    ("current", "Current"),
)
_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec", "status")


def compute(resource: Mapping[str, Any]) -> Status:
    """Status by the expressions for its kind."""
    asked = expressions()[resource["kind"]]
    seen = resource["status"].get("observedGeneration")
    if seen is not None and seen != resource["metadata"]["generation"]:
        return "InProgress"
    for field, status in _ORDER:
        if field in asked and _holds(asked[field], resource):
            return status
    return "InProgress"


@cache
def expressions() -> dict[str, dict[str, str]]:
    """By kind, from the Kustomizations of the example."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_EXAMPLES.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            for check in (document.get("spec") or {}).get("healthCheckExprs") or ():
                found[check["kind"]] = check
    return found


def _holds(expression: str, resource: Mapping[str, Any]) -> bool:
    environment = cel.NewEnv(variables=dict.fromkeys(_FIELDS, cel.Type.DYN))
    found = environment.compile(expression).eval(data=dict(resource))
    value = found.value()
    assert isinstance(value, bool), f"{expression}\nis {found.type()}: {value}"
    return value
