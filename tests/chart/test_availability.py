"""Replicas, and what keeps them apart, alive, reachable and watched."""

from __future__ import annotations

import pytest

from tests.chart.rendering import MATRIX, Chart, Object, environment, of_kind, one

MONITORED = {"metrics": {"serviceMonitor": {"enabled": True, "force": True}}}


def operator(chart: Chart, values: Object | None = None) -> Object:
    name = (values or {}).get("fullnameOverride", "scanyard")
    return one(chart.objects(values), "Deployment", name)


def pod(deployment: Object) -> Object:
    spec: Object = deployment["spec"]["template"]["spec"]
    return spec


def test_two_replicas_of_which_one_stays_during_an_update(chart: Chart) -> None:
    spec = operator(chart)["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1},
    }


def test_a_candidate_knows_its_name_and_the_lease(chart: Chart) -> None:
    variables = environment(operator(chart))
    assert variables["SCANYARD_POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert variables["SCANYARD_LEASE_SECONDS"] == "15"
    told = environment(operator(chart, MATRIX["everything"]))
    assert told["SCANYARD_LEASE_SECONDS"] == "30"


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({}, True),
        ({"replicas": 1}, False),
        ({"replicas": 0}, False),
        ({"podDisruptionBudget": {"enabled": False}}, False),
    ],
)
def test_a_drain_leaves_one_but_is_never_blocked(chart: Chart, values: Object, made: bool) -> None:
    budgets = of_kind(chart.objects(values), "PodDisruptionBudget")
    assert bool(budgets) is made
    for budget in budgets:
        assert budget["spec"]["minAvailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_replicas_prefer_different_nodes(chart: Chart) -> None:
    deployment = operator(chart)
    affinity = pod(deployment)["affinity"]["podAntiAffinity"]
    (term,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    own = deployment["spec"]["selector"]["matchLabels"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == own
    assert "affinity" not in pod(one(chart.objects(), "Deployment", "scanyard-redis"))


def test_an_affinity_that_is_given_counts_alone(chart: Chart) -> None:
    given = MATRIX["everything"]["affinity"]
    assert pod(operator(chart, MATRIX["everything"]))["affinity"] == given


def test_spread_constraints_count_the_operators_pods_unless_told_otherwise(chart: Chart) -> None:
    theirs = {"matchLabels": {"a": "b"}}
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    values = {"topologySpreadConstraints": [constraint, {**constraint, "labelSelector": theirs}]}
    deployment = operator(chart, values)
    assert pod(deployment)["topologySpreadConstraints"] == [
        {**constraint, "labelSelector": deployment["spec"]["selector"]},
        {**constraint, "labelSelector": theirs},
    ]
    assert "topologySpreadConstraints" not in pod(operator(chart))


def policy(chart: Chart, values: Object | None = None) -> Object:
    name = (values or {}).get("fullnameOverride", "scanyard")
    spec: Object = one(chart.objects(values), "NetworkPolicy", name)["spec"]
    return spec


def test_only_the_port_of_metrics_and_probes_is_open(chart: Chart) -> None:
    spec = policy(chart)
    assert spec["policyTypes"] == ["Ingress"]
    assert spec["ingress"] == [{"ports": [{"port": "http"}]}]
    (port,) = pod(operator(chart))["containers"][0]["ports"]
    assert port == {"name": "http", "containerPort": 8080}


def test_who_may_read_metrics_can_be_said(chart: Chart) -> None:
    values = MATRIX["everything"]
    (rule,) = policy(chart, values)["ingress"]
    assert rule["from"] == values["networkPolicy"]["metricsFrom"]


def test_the_ways_out_are_dns_the_api_server_and_redis(chart: Chart) -> None:
    spec = policy(chart, MATRIX["everything"])
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    dns, api, redis, extra = spec["egress"]
    assert dns == {"ports": [{"port": 53, "protocol": name} for name in ("UDP", "TCP")]}
    assert api == {
        "to": [{"ipBlock": {"cidr": cidr}} for cidr in ("10.0.0.10/32", "2001:db8::10/128")],
        "ports": [{"port": 6443}],
    }
    assert redis["ports"] == [{"port": "redis"}]
    assert extra == {"to": [{"ipBlock": {"cidr": "10.0.9.0/24"}}]}


def test_a_redis_of_ones_own_is_let_out_to_by_its_address(chart: Chart) -> None:
    spec = policy(chart, {
        **MATRIX["redis-sentinel"],
        "networkPolicy": {"enabled": False, "egress": {
            "enabled": True,
            "apiServer": {"cidrs": ["10.0.0.10/32"]},
            "externalRedis": {"cidrs": ["10.0.1.0/28"], "ports": [6379, 26379]},
        }},
    })  # fmt: skip
    assert spec["policyTypes"] == ["Egress"]
    assert "ingress" not in spec
    assert spec["egress"][2] == {
        "to": [{"ipBlock": {"cidr": "10.0.1.0/28"}}],
        "ports": [{"port": 6379}, {"port": 26379}],
    }


def test_a_policy_that_says_nothing_is_not_made(chart: Chart) -> None:
    made = of_kind(chart.objects({"networkPolicy": {"enabled": False}}), "NetworkPolicy")
    assert [item["metadata"]["name"] for item in made] == ["scanyard-redis"]


def test_every_replica_may_reach_the_bundled_redis(chart: Chart) -> None:
    objects = chart.objects()
    (rule,) = one(objects, "NetworkPolicy", "scanyard-redis")["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"] == operator(chart)["spec"]["selector"]


def test_a_service_monitor_finds_the_metrics_service(chart: Chart) -> None:
    monitor = one(chart.objects({"metrics": {"serviceMonitor": {
        **MONITORED["metrics"]["serviceMonitor"], "interval": "10s", "labels": {"release": "prom"},
    }}}), "ServiceMonitor", "scanyard")  # fmt: skip
    service = one(chart.objects(), "Service", "scanyard-metrics")
    assert monitor["metadata"]["labels"]["release"] == "prom"
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint == {"port": service["spec"]["ports"][0]["name"], "interval": "10s"}


def test_a_service_monitor_is_made_where_the_cluster_knows_them(chart: Chart) -> None:
    values = {"metrics": {"serviceMonitor": {"enabled": True}}}
    known = chart.render(values, "--api-versions=monitoring.coreos.com/v1/ServiceMonitor")
    assert "kind: ServiceMonitor" in known
    assert of_kind(chart.objects(), "ServiceMonitor") == []
