"""Who may do what: no verb more than is used."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.rendering import MATRIX, NAMESPACE, Chart, Object, of_kind, one

READ = {"get", "list", "watch"}
WRITE = {"create", "update", "patch", "delete", "deletecollection"}
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


def permissions(role: Object) -> set[tuple[str, str]]:
    """Every ("resource.group", verb) that a role grants; resourceNames count as a narrower one."""
    return {
        (f"{resource}.{group}".rstrip(".") + ("!" if "resourceNames" in rule else ""), verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def grants(table: dict[str, set[str]]) -> set[tuple[str, str]]:
    return {(resource, verb) for resource, verbs in table.items() for verb in verbs}


#: In each namespace that the operator watches.
IN_NAMESPACES = {
    "scanjobs.scanyard.dev": READ | {"delete"},
    "scanqueues.scanyard.dev": READ,
    "scanjobs/status.scanyard.dev": {"patch"},
    "scanqueues/status.scanyard.dev": {"patch"},
    "pods": READ | {"create", "delete"},
    "pods/log": {"get"},
    "events": {"create"},
}
LEASE = {"leases.coordination.k8s.io": {"create"}, "leases.coordination.k8s.io!": {"get", "update"}}
CLUSTER_LEASE_ROLE = "security-scanyard-operator"


def roles(objects: list[Object], name: str) -> dict[str, set[tuple[str, str]]]:
    """Roles of a name: namespace to what they grant."""
    return {
        role["metadata"]["namespace"]: permissions(role)
        for role in of_kind(objects, "Role")
        if role["metadata"]["name"] == name
    }


def test_the_operator_has_exactly_the_verbs_it_uses(chart: Chart) -> None:
    objects = chart.objects()
    assert permissions(one(objects, "ClusterRole", "scanyard-operator")) == grants({
        **IN_NAMESPACES,
        "nodes": {"get"},
        "namespaces": READ,
        "servicecidrs.networking.k8s.io": {"list"},
        "leases.coordination.k8s.io!": {"list"},
    })  # fmt: skip
    assert roles(objects, "scanyard-operator") == {}
    assert roles(objects, CLUSTER_LEASE_ROLE) == {"kube-system": grants(LEASE)}


def test_it_writes_network_policies_only_where_it_is_to(chart: Chart) -> None:
    values = {"scanner": {"networkPolicyPerQueue": True}}
    more = permissions(one(chart.objects(values), "ClusterRole", "scanyard-operator"))
    without = permissions(one(chart.objects(), "ClusterRole", "scanyard-operator"))
    assert more - without == grants({
        "networkpolicies.networking.k8s.io": {"list", "create", "patch"},
    })  # fmt: skip


def test_in_some_namespaces_it_has_nothing_in_the_cluster_as_a_whole(chart: Chart) -> None:
    objects = chart.objects(MATRIX["some-namespaces"])
    assert of_kind(objects, "ClusterRole") == of_kind(objects, "ClusterRoleBinding") == []
    rights = grants({**IN_NAMESPACES, **LEASE})
    assert roles(objects, "scanyard-operator") == {"team-a": rights, "team-b": rights}
    assert roles(objects, CLUSTER_LEASE_ROLE) == {
        "kube-system": grants({"leases.coordination.k8s.io!": {"get"}})
    }
    bound = {
        binding["metadata"]["namespace"]
        for binding in of_kind(objects, "RoleBinding")
        if binding["metadata"]["name"] == "scanyard-operator"
    }
    assert bound == {"team-a", "team-b"}


def test_kube_system_can_be_left_alone(chart: Chart) -> None:
    values = {"watchNamespaces": ["team-a"], "rbac": {"readClusterLease": False}}
    namespaces = {role["metadata"]["namespace"] for role in of_kind(chart.objects(values), "Role")}
    assert namespaces == {"team-a", NAMESPACE}


@pytest.mark.parametrize("name", MATRIX)
def test_names_limit_what_can_be_limited_to_leases_of_ours(chart: Chart, name: str) -> None:
    for role in chart.objects(MATRIX[name]):
        for rule in role.get("rules") or []:
            if rule["resources"] == ["leases"] and rule["verbs"] != ["create"]:
                assert rule["resourceNames"] == ["scanyard"]


def test_roles_for_people_are_a_choice(chart: Chart) -> None:
    made = of_kind(chart.objects({"rbac": {"userRoles": False}}), "ClusterRole")
    assert [role["metadata"]["name"] for role in made] == ["scanyard-operator"]


def test_edit_writes_scanjobs_only(chart: Chart) -> None:
    """Tenants have Kubernetes' edit or admin role; one who could write queues sets its limits."""
    role = one(chart.objects(), "ClusterRole", "scanyard-edit")
    assert permissions(role) == grants({
        "scanjobs.scanyard.dev": READ | WRITE,
        "scanjobs/status.scanyard.dev": READ,
        "scanqueues.scanyard.dev": READ,
        "scanqueues/status.scanyard.dev": READ,
    })  # fmt: skip


def test_view_reads_only(chart: Chart) -> None:
    role = one(chart.objects(), "ClusterRole", "scanyard-view")
    assert {verb for _, verb in permissions(role)} == READ


def aggregated_to(chart: Chart, values: Object) -> dict[str, set[str]]:
    return {
        role["metadata"]["name"].removeprefix("scanyard-"): {
            label.removeprefix(AGGREGATE)
            for label in role["metadata"]["labels"]
            if label.startswith(AGGREGATE)
        }
        for role in of_kind(chart.objects(values), "ClusterRole")
    }


def test_what_becomes_part_of_kubernetes_own_roles(chart: Chart) -> None:
    assert aggregated_to(chart, {}) == {
        "operator": set(),
        "edit": {"edit", "admin"},
        "view": {"view", "edit", "admin"},
        "admin": set(),
    }
    off = aggregated_to(chart, {"rbac": {"aggregateRoles": False}})
    assert set().union(*off.values()) == set()


def test_only_the_admin_role_writes_queues(chart: Chart) -> None:
    writers = {
        role["metadata"]["name"]
        for role in of_kind(chart.objects(), "ClusterRole")
        if any(r == "scanqueues.scanyard.dev" and v in WRITE for r, v in permissions(role))
    }
    assert writers == {"scanyard-admin"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scanyard-setup-redis-secret", {"secrets!": {"get"}, "secrets": {"create"}}),
        ("scanyard-setup-queues", {"scanqueues.scanyard.dev": {"create", "patch"}}),
    ],
)
def test_set_up_jobs_may_do_their_one_thing(
    chart: Chart, name: str, expected: dict[str, set[str]]
) -> None:
    assert permissions(one(chart.objects(), "Role", name)) == grants(expected)


def binding_problems(objects: list[Object]) -> list[Any]:
    """Bindings whose role or account is not in the release."""
    roles = {(r["kind"], r["metadata"].get("namespace"), r["metadata"]["name"]) for r in objects}
    problems = []
    for binding in objects:
        if binding["kind"] not in {"RoleBinding", "ClusterRoleBinding"}:
            continue
        ref, (subject,) = binding["roleRef"], binding["subjects"]
        role = (ref["kind"], binding["metadata"].get("namespace"), ref["name"])
        account = ("ServiceAccount", subject["namespace"], subject["name"])
        problems += [missing for missing in (role, account) if missing not in roles]
    return problems


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "minimal"])
def test_bindings_name_what_exists(chart: Chart, name: str) -> None:
    assert binding_problems(chart.objects(MATRIX[name])) == []


def test_a_foreign_account_is_bound_as_named(chart: Chart) -> None:
    objects = chart.objects(MATRIX["minimal"])
    binding = one(objects, "ClusterRoleBinding", "scanyard-operator")
    assert binding["subjects"][0]["name"] == "theirs"
    made = [account["metadata"]["name"] for account in of_kind(objects, "ServiceAccount")]
    assert "theirs" not in made
    assert "scanyard" not in made
