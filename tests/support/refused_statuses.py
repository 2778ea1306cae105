"""A policy of the API server that refuses what the operator writes about one ScanJob."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.support.kube import eventually
from tests.support.scans import Scan

#: The refusal's words.
WHY: Final = "no status for the unlucky"
_POLICIES: Final = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_BINDINGS: Final = f"{_POLICIES.removesuffix('policies')}policybindings"


@contextmanager
def refusing_status_of(scan: Scan) -> Iterator[None]:
    """No status of that ScanJob may be written."""
    cluster, name = scan.lab.cluster, f"test-{scan.lab.name}"
    rule = {
        "apiGroups": ["scanyard.dev"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["scanjobs/status"],
    }
    here = {"matchLabels": {"kubernetes.io/metadata.name": scan.lab.name}}
    policy = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "validations": [{"expression": f"object.metadata.name != '{scan.name}'", "message": WHY}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    try:
        for path, kind, spec in (
            (_POLICIES, "ValidatingAdmissionPolicy", policy),
            (_BINDINGS, "ValidatingAdmissionPolicyBinding", binding),
        ):
            cluster.request("POST", path, _object(kind, name, spec)).expect()
        # The API server begins to enforce it a moment later.
        eventually(lambda: _may_be_written(scan), lambda may: not may, seconds=30)
        yield
    finally:
        for path in (_BINDINGS, _POLICIES):
            cluster.request("DELETE", f"{path}/{name}")


def _object(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    version = "admissionregistration.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _may_be_written(scan: Scan) -> bool:
    reply = scan.lab.namespace.patch(
        "scanjobs", scan.name, {"status": {"phase": "Suspended"}}, "status"
    )
    return reply.code < 400
