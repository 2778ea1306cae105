"""What `helm test` runs: one Pod, with an account for its one ScanJob, where the operator works."""

from __future__ import annotations

import pytest

from scanyard.cli.ages import parse_duration
from scanyard.cli.self_test import self_test
from tests.chart.rendering import MATRIX, NAMESPACE, Chart, Object, hook_events, of_kind, one
from tests.chart.test_availability import policy
from tests.chart.test_rbac import grants, permissions

_NAME = "scanyard-test"


@pytest.mark.parametrize("name", MATRIX)
def test_the_one_hook_is_a_pod_of_the_releases_namespace(chart: Chart, name: str) -> None:
    """`helm test --logs` asks for the log of a Pod there for every hook of that event."""
    hooks = [item for item in chart.objects(MATRIX[name]) if hook_events(item) == "test"]
    assert [(item["kind"], item["metadata"]["namespace"]) for item in hooks] == [("Pod", NAMESPACE)]
    annotations = hooks[0]["metadata"]["annotations"]
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation", "its log is read"


def test_it_may_handle_its_own_scanjob_and_queue_only(chart: Chart) -> None:
    role = one(chart.objects(), "Role", _NAME)
    assert permissions(role) == grants({
        "scanjobs.scanyard.dev": {"create"},
        "scanqueues.scanyard.dev": {"create"},
        "scanjobs.scanyard.dev!": {"get", "list", "watch", "delete"},
        "scanqueues.scanyard.dev!": {"get", "delete"},
    })  # fmt: skip
    assert {name for rule in role["rules"] for name in rule.get("resourceNames", ())} == {_NAME}


@pytest.mark.parametrize(
    ("name", "namespace"), [("defaults", NAMESPACE), ("some-namespaces", "team-a")]
)
def test_its_scan_is_where_the_operator_works(chart: Chart, name: str, namespace: str) -> None:
    objects = chart.objects(MATRIX[name])
    (container,) = one(objects, "Pod", _NAME)["spec"]["containers"]
    words = container["args"]
    assert words[words.index("--namespace") + 1] == namespace
    assert one(objects, "Role", _NAME)["metadata"]["namespace"] == namespace
    assert one(objects, "RoleBinding", _NAME)["metadata"]["namespace"] == namespace
    (rule,) = one(objects, "NetworkPolicy", _NAME)["spec"]["ingress"]
    (peer,) = rule["from"]
    home = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert home == namespace
    assert peer["podSelector"]["matchLabels"] == {"scanyard.dev/role": "attempt"}


@pytest.mark.parametrize(("name", "given"), [("defaults", True), ("some-namespaces", False)])
def test_its_pod_owns_what_it_makes_in_the_same_namespace(
    chart: Chart, name: str, given: bool
) -> None:
    """An owner in another namespace would count as gone, and the scan with it."""
    (container,) = one(chart.objects(MATRIX[name]), "Pod", _NAME)["spec"]["containers"]
    words = container["args"]
    fields = {
        entry["name"]: entry["valueFrom"]["fieldRef"]["fieldPath"] for entry in container["env"]
    }
    assert ("--pod" in words) is given
    if given:
        assert words[words.index("--pod") + 1] == "$(POD_NAME)/$(POD_UID)"
        assert (fields["POD_NAME"], fields["POD_UID"]) == ("metadata.name", "metadata.uid")


def test_its_own_time_is_over_before_its_pods(chart: Chart) -> None:
    """So that it says what it waited for, and cleans up, however long its image took."""
    (option,) = [item for item in self_test.params if item.name == "timeout"]
    assert isinstance(option.default, str)
    pod = one(chart.objects(), "Pod", _NAME)
    assert "--timeout" not in pod["spec"]["containers"][0]["args"]
    longest_pull = 300
    waited = parse_duration(option.default, "--timeout")
    assert pod["spec"]["activeDeadlineSeconds"] >= waited + longest_pull


def test_it_reaches_the_api_server_where_the_operators_ways_out_are_closed(chart: Chart) -> None:
    values = MATRIX["everything"]
    spec = one(chart.objects(values), "NetworkPolicy", "yard-test")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["egress"] == [policy(chart, values)["egress"][1]]


@pytest.mark.parametrize("values", [{"test": {"enabled": False}}])
def test_it_can_be_left_out_with_its_account(chart: Chart, values: Object) -> None:
    objects = chart.objects(values)
    assert not [item for item in objects if item["metadata"]["name"] == _NAME]
    assert of_kind(objects, "Pod") == []
