"""A policy that refuses what the operator writes about one ScanJob holds up only that one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.support.kube import Cluster, eventually
from tests.support.operator_process import OperatorProcess, now
from tests.support.scans import Lab, Scan, phase
from tests.support.specs import quick
from tests.support.targets import Targets

_POLICIES: Final = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
_BINDINGS: Final = f"{_POLICIES.removesuffix('policies')}policybindings"
_WHY: Final = "no status for the unlucky"


def test_others_are_admitted_meanwhile(
    lab: Lab, targets: Targets, operator: OperatorProcess
) -> None:
    lab.queue(maxConcurrent=1)
    unlucky = lab.submit("unlucky", **quick(targets.one), priority=100, suspend=True)
    unlucky.reach("Suspended")
    begin = now()
    with _refusing(lab.cluster, unlucky):
        unlucky.change(suspend=False)
        operator.wait_logged(begin, f"{lab.name}/unlucky is not admitted", _WHY)

        others = [lab.submit(f"lucky-{number}", **quick(targets.one)) for number in range(3)]

        for scan in others:
            assert phase(scan.finish()) == "Succeeded"
        assert unlucky.pod_events() == []
        told = [line.message for line in operator.log_since(begin)]
        assert not [text for text in told if "nothing is admitted" in text and _WHY in text]
    assert phase(unlucky.finish(seconds=120)) == "Succeeded"
    lab.wait_idle("default")


@contextmanager
def _refusing(cluster: Cluster, scan: Scan) -> Iterator[None]:
    """No status of that ScanJob may be written."""
    name = f"test-{scan.lab.name}"
    rule = {
        "apiGroups": ["scanyard.dev"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["scanjobs/status"],
    }
    here = {"matchLabels": {"kubernetes.io/metadata.name": scan.lab.name}}
    policy = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "validations": [{"expression": f"object.metadata.name != '{scan.name}'", "message": _WHY}],
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
