"""Every Pod of the chart passes Pod Security "restricted", and a bit more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.chart.rendering import MATRIX, Chart, Object, of_kind, one, pod_specs

#: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"}


def violations(spec: Object) -> Iterator[str]:
    """What "restricted" would refuse in a Pod's spec."""
    yield from (field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field))
    for volume in spec.get("volumes", []):
        if not _VOLUMES & set(volume):
            yield f"volume {volume['name']}"
    for container in spec["containers"] + spec.get("initContainers", []):
        yield from container_violations(container, spec.get("securityContext", {}))


def container_violations(container: Object, pod: Object) -> Iterator[str]:
    """The same for one container, given the Pod's securityContext."""
    own = container.get("securityContext", {})
    both = {**pod, **own}
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "allowPrivilegeEscalation or privileged"
    if both.get("runAsNonRoot") is not True or both.get("runAsUser", 1) == 0:
        yield "runAsNonRoot"
    if both.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "seccompProfile"
    if own.get("capabilities") != {"drop": ["ALL"]}:
        yield "capabilities"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "hostPort"


@pytest.mark.parametrize("name", MATRIX)
def test_pods_pass_restricted_and_write_nothing_to_their_root(chart: Chart, name: str) -> None:
    specs = list(pod_specs(chart.objects(MATRIX[name])))
    assert specs
    for pod, spec in specs:
        assert list(violations(spec)) == [], pod
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, pod
            assert container["resources"]["requests"], pod
            assert container["resources"]["limits"]["memory"], pod
        assert spec["enableServiceLinks"] is False, pod
        for volume in spec.get("volumes", []):
            assert volume.get("emptyDir", {"sizeLimit": ""}).get("sizeLimit") is not None, pod


def test_only_pods_that_talk_to_the_api_get_a_token(chart: Chart) -> None:
    objects = chart.objects()
    tokens = {pod: spec["automountServiceAccountToken"] for pod, spec in pod_specs(objects)}
    assert tokens == {
        "Deployment scanyard": True,
        "Deployment scanyard-redis": False,
        "Job scanyard-setup-queues": True,
        "Job scanyard-setup-redis-secret": True,
        "Pod scanyard-test": True,
    }
    for account in of_kind(objects, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_there_is_never_a_second_redis_beside_the_old_one(chart: Chart) -> None:
    spec = one(chart.objects(), "Deployment", "scanyard-redis")["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["replicas"] == 1


def test_a_new_chart_version_alone_does_not_restart_pods(chart: Chart) -> None:
    for deployment in of_kind(chart.objects(), "Deployment"):
        template = deployment["spec"]["template"]
        assert template["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize("name", MATRIX)
def test_services_budgets_and_policies_select_the_pods_they_are_for(
    chart: Chart, name: str
) -> None:
    objects = chart.objects(MATRIX[name])
    templates = [item["spec"]["template"] for item in of_kind(objects, "Deployment")]
    templates += of_kind(objects, "Pod")
    selectors = [service["spec"]["selector"] for service in of_kind(objects, "Service")]
    selectors += [
        budget["spec"]["selector"]["matchLabels"]
        for budget in of_kind(objects, "PodDisruptionBudget")
    ]
    for policy in of_kind(objects, "NetworkPolicy"):
        selectors.append(policy["spec"]["podSelector"]["matchLabels"])
        selectors += [
            peer["podSelector"]["matchLabels"]
            for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", [])
            for peer in rule.get("from", []) + rule.get("to", [])
            # What is in other namespaces, such as scans, is not of this chart.
            if "podSelector" in peer and "namespaceSelector" not in peer
        ]
    for selector in selectors:
        matched = [t for t in templates if selector.items() <= t["metadata"]["labels"].items()]
        assert len(matched) == 1, selector


def twice_named(text: str) -> Iterator[str]:
    """Keys that stand twice in one mapping, which some readers of YAML refuse."""
    nodes = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            yield from {name for name in names if names.count(name) > 1}
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


def test_a_label_that_several_values_give_stands_once(chart: Chart) -> None:
    """What is nearer to the object wins, but no Pod escapes what selects it."""
    name, mine, twice = "app.kubernetes.io/name", {"team": "mine"}, {"team": "all"}
    both = mine | {name: "theirs"}
    values = {
        "commonLabels": twice | {name: "everybody's"},
        "podLabels": both,
        "dashboards": {"enabled": True, "labels": both},
        "metrics": {"serviceMonitor": {"enabled": True, "force": True, "labels": both}},
        "alerts": {"prometheusRule": {"enabled": True, "force": True, "labels": both}},
    }
    assert list(twice_named(chart.text(values))) == []
    objects = chart.objects(values)
    maps = of_kind(objects, "ConfigMap")
    theirs = [
        *(item for item in maps if "dashboard" in item["metadata"]["name"]),
        one(objects, "ServiceMonitor", "scanyard"),
        one(objects, "PrometheusRule", "scanyard"),
    ]
    for item in theirs:
        assert item["metadata"]["labels"].items() >= both.items(), item["metadata"]["name"]
    deployment = one(objects, "Deployment", "scanyard")
    assert deployment["metadata"]["labels"].items() >= (twice | {name: "scanyard"}).items()
    pod = deployment["spec"]["template"]["metadata"]["labels"]
    assert pod.items() >= (mine | deployment["spec"]["selector"]["matchLabels"]).items()


def test_scheduling_values_reach_every_pod(chart: Chart) -> None:
    values = MATRIX["everything"]
    for pod, spec in pod_specs(chart.objects(values)):
        for field in ("nodeSelector", "tolerations", "affinity"):
            assert spec[field] == values[field], pod
        assert spec["imagePullSecrets"] == values["imagePullSecrets"], pod


def test_what_runs_once_has_no_priority_to_drive_others_out(chart: Chart) -> None:
    given = MATRIX["everything"]["priorityClassName"]
    classes = {
        pod: spec.get("priorityClassName")
        for pod, spec in pod_specs(chart.objects(MATRIX["everything"]))
    }
    assert classes == {
        "Deployment yard": given,
        "Deployment yard-redis": given,
        "Job yard-setup-queues": None,
        "Job yard-setup-redis-secret": None,
        "Pod yard-test": None,
    }
