"""Policies of the API server: where it has them, and where they may be made."""

from __future__ import annotations

import pytest
import yaml

from tests.chart.kubeconform import Kubeconform
from tests.chart.rendering import MATRIX, Chart, Object, of_kind

_MUTATING = "admissionregistration.k8s.io/{}/MutatingAdmissionPolicy"
_NAMES = {"scanyard-scanjobs", "scanyard-scanqueues", "scanyard-attempts"}
_KINDS = {
    f"{kind}AdmissionPolicy{binding}"
    for kind in ("Validating", "Mutating")
    for binding in ("", "Binding")
}


def policies(chart: Chart, values: Object, *flags: str) -> dict[tuple[str, str], Object]:
    """Rendered policies and bindings by kind and name."""
    found = yaml.safe_load_all(chart.render(values, *flags))
    return {
        (item["kind"], item["metadata"]["name"]): item
        for item in found
        if item and item["kind"] in _KINDS
    }


def test_each_policy_has_its_binding_and_refuses(chart: Chart) -> None:
    found = policies(chart, {})
    assert set(found) == {
        (f"ValidatingAdmissionPolicy{binding}", name)
        for binding in ("", "Binding")
        for name in _NAMES
    }
    for (kind, name), item in found.items():
        if kind.endswith("Binding"):
            assert item["spec"] == {"policyName": name, "validationActions": ["Deny"]}
        else:
            assert item["spec"]["failurePolicy"] == "Fail"


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_the_requester_is_recorded_where_the_cluster_can(
    chart: Chart, kubeconform: Kubeconform, version: str
) -> None:
    flag = f"--api-versions={_MUTATING.format(version)}"
    found = policies(chart, {}, flag)
    for kind in ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"):
        item = found[kind, "scanyard-requester"]
        assert item["apiVersion"] == f"admissionregistration.k8s.io/{version}"
    if version == "v1beta1":  # of 1.35, whose schemas these are
        assert kubeconform.problems(chart.render({}, flag)) == ""


@pytest.mark.parametrize(
    "values", [{"admissionPolicies": {"enabled": False}}, MATRIX["some-namespaces"]]
)
def test_they_can_be_left_out_and_are_where_nothing_of_the_cluster_may_be_made(
    chart: Chart, values: Object
) -> None:
    assert policies(chart, values, f"--api-versions={_MUTATING.format('v1')}") == {}


def test_the_denied_networks_are_the_operators(chart: Chart) -> None:
    def denied(values: Object) -> str:
        objects = of_kind(chart.objects(values), "ValidatingAdmissionPolicy")
        (policy,) = (o for o in objects if o["metadata"]["name"].endswith("-scanjobs"))
        found = [v for v in policy["spec"]["variables"] if v["name"] == "denied"]
        return str(found[0]["expression"]) if found else ""

    extra: Object = {"deniedNetworks": ["10.0.0.0/8"], "extraDeniedNetworks": ["::1/128"]}
    assert denied(extra).startswith("['10.0.0.0/8', '::1/128'].")
    assert denied({"deniedNetworks": []}) == ""
