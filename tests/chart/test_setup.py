"""Hooks, the Redis password, and the list of queues."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
import yaml

from scanyard.cli.queue_file import QueueEntry, parse_queues
from tests.chart.rendering import (
    CHART,
    MATRIX,
    NAMESPACE,
    Chart,
    Object,
    environment,
    hook_events,
    of_kind,
    one,
)

_ORDER = ("Role", "RoleBinding", "Job")


def queues(objects: list[Object], name: str = "scanyard") -> list[QueueEntry]:
    """The list as `scanyard setup-queues` reads it in the Job; no namespace is left to guess."""
    text = one(objects, "ConfigMap", f"{name}-queues")["data"]["queues.yaml"]
    return parse_queues(yaml.safe_load(text), None)


def weight(item: Object) -> int:
    return int(item["metadata"]["annotations"]["helm.sh/hook-weight"])


@pytest.mark.parametrize("name", MATRIX)
def test_rendering_twice_gives_the_same(chart: Chart, name: str) -> None:
    """A GitOps controller renders all the time: nothing may be random, nor looked up."""
    assert chart.text(MATRIX[name]) == chart.render(MATRIX[name])


def test_no_template_asks_the_cluster_or_a_die() -> None:
    """What is looked up is absent where charts are rendered without a cluster, and then changes."""
    called = re.compile(r"\b(lookup|rand[A-Z]\w+|gen[A-Z]\w+|uuidv4|now|htpasswd|bcrypt)\b")
    for path in sorted((CHART / "templates").rglob("*.*")):
        for action in re.findall(r"{{(.*?)}}", path.read_text(encoding="utf-8"), re.DOTALL):
            words = re.sub(r'"(\\.|[^"\\])*"|/\*.*\*/', "", action, flags=re.DOTALL)
            assert not called.search(words), f"{path.name}: {action}"


@pytest.mark.parametrize("name", MATRIX)
def test_hooks_come_in_order_and_go_when_done(chart: Chart, name: str) -> None:
    objects = chart.objects(MATRIX[name])
    for events in ("pre-install,pre-upgrade", "post-install,post-upgrade"):
        hooks = [item for item in objects if hook_events(item) == events]
        for earlier, later in pairwise(_ORDER):
            for first in of_kind(hooks, earlier):
                assert all(weight(first) < weight(second) for second in of_kind(hooks, later))
        for hook in hooks:
            policy = hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
            assert policy == "before-hook-creation,hook-succeeded"
    ordinary = [item for item in objects if not hook_events(item)]
    assert of_kind(ordinary, "Job") == []


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("defaults", True),
        ("existing-redis-secret", False),
        ("external-redis", False),
        ("external-redis-without-password", False),
    ],
)
def test_a_password_is_made_only_for_the_bundled_redis(chart: Chart, name: str, made: bool) -> None:
    objects = chart.objects(MATRIX[name])
    jobs = [job["metadata"]["name"] for job in of_kind(objects, "Job")]
    assert ("scanyard-setup-redis-secret" in jobs) is made
    assert of_kind(objects, "Secret") == [], "a Secret in a manifest would be the same everywhere"


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("defaults", {"name": "scanyard-redis", "key": "redis-password"}),
        ("existing-redis-secret", {"name": "mine", "key": "auth"}),
        ("external-redis", {"name": "redis-auth", "key": "redis-password"}),
        ("external-redis-without-password", None),
    ],
)
def test_operator_and_redis_use_the_same_password(chart: Chart, name: str, reference: Any) -> None:
    objects = chart.objects(MATRIX[name])
    password = environment(one(objects, "Deployment", "scanyard")).get("SCANYARD_REDIS_PASSWORD")
    assert password == (reference and {"secretKeyRef": reference})
    for redis in of_kind(objects, "Deployment"):
        for volume in redis["spec"]["template"]["spec"]["volumes"]:
            if "secret" in volume:
                secret = volume["secret"]
                assert secret["secretName"] == reference["name"]
                assert secret["items"] == [{"key": reference["key"], "path": "password"}]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("defaults", f"redis://scanyard-redis.{NAMESPACE}.svc:6379/0"),
        ("external-redis", "rediss://redis.example:6380/1"),
        ("redis-cluster", "redis://redis-cluster.example:6379"),
        ("redis-sentinel", "rediss:///3"),
    ],
)
def test_the_operator_is_told_where_redis_is(chart: Chart, name: str, url: str) -> None:
    objects = chart.objects(MATRIX[name])
    assert environment(one(objects, "Deployment", "scanyard"))["SCANYARD_REDIS_URL"] == url
    services = [service["metadata"]["name"] for service in of_kind(objects, "Service")]
    assert ("scanyard-redis" in services) is (name == "defaults")


def test_the_default_queues(chart: Chart) -> None:
    assert queues(chart.objects()) == [
        QueueEntry(NAMESPACE, "default", {"maxConcurrent": 5, "priority": 0}),
        QueueEntry(NAMESPACE, "high-priority", {"maxConcurrent": 3, "priority": 10}),
        QueueEntry(NAMESPACE, "low-priority", {"maxConcurrent": 2, "priority": -5}),
    ]


def test_queues_of_other_namespaces_bring_their_rights(chart: Chart) -> None:
    objects = chart.objects(MATRIX["everything"])
    assert [queue.key for queue in queues(objects, "yard")] == [
        "team-a/fast",
        "team-b/slow",
        "team-a/slow",
    ]
    assert queues(objects, "yard")[0].spec == {"maxConcurrent": 0, "stopPolicy": "Hold"}
    roles = [
        role["metadata"]["namespace"]
        for role in of_kind(objects, "RoleBinding")
        if role["metadata"]["name"] == "yard-setup-queues"
    ]
    assert sorted(roles) == ["team-a", "team-b"]


def test_watched_namespaces_get_the_queues_that_name_no_other(chart: Chart) -> None:
    listed = [{"name": "default"}, {"name": "slow", "namespace": "team-b", "maxConcurrent": 1}]
    objects = chart.objects({**MATRIX["some-namespaces"], "queues": listed})
    assert [queue.key for queue in queues(objects)] == [
        "team-a/default",
        "team-b/default",
        "team-b/slow",
    ]
    roles = [
        role["metadata"]["namespace"]
        for role in of_kind(objects, "Role")
        if role["metadata"]["name"] == "scanyard-setup-queues"
    ]
    assert sorted(roles) == ["team-a", "team-b"]


def test_forcing_conflicts_is_a_choice(chart: Chart) -> None:
    for name, forced in (("scanyard", False), ("yard", True)):
        objects = chart.objects(MATRIX["everything"] if forced else {})
        job = one(objects, "Job", f"{name}-setup-queues")
        arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
        assert ("--force-conflicts" in arguments) is forced


def test_no_queues_no_set_up(chart: Chart) -> None:
    objects = chart.objects({"queues": []})
    assert "scanyard-setup-queues" not in [item["metadata"]["name"] for item in objects]
    assert of_kind(objects, "ConfigMap") == []
