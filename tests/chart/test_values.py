"""What values mean, and that a mistake in them is refused before anything is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

import pytest
import yaml

from scanyard.settings import DEFAULT_DENIED_NETWORKS, Settings, load_settings
from tests.chart.rendering import CHART, MATRIX, NAMESPACE, ROOT, Chart, Object, environment, one

VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


def external(**values: Any) -> Object:
    """Values for a Redis that is not the bundled one."""
    return {"redis": {"enabled": False}, "externalRedis": values}


def egress_to_api(values: Object) -> Object:
    """These values, with a NetworkPolicy for egress that knows the API server's address."""
    egress = {"enabled": True, "apiServer": {"cidrs": ["10.0.0.10/32"]}}
    return {**values, "networkPolicy": {"egress": egress}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"maxConcurentScans": 5}, "maxConcurentScans"),
        ({"redis": {"enable": False}}, "enable"),
        ({"image": {"tag": 1.5}}, "/image/tag"),
        ({"image": {"digest": "sha256:abc"}}, "/image/digest"),
        ({"logLevel": "verbose"}, "/logLevel"),
        ({"podRetentionSeconds": -1}, "/podRetentionSeconds"),
        ({"deniedNetworks": ["10.0.0.0"]}, "/deniedNetworks/0"),
        ({"extraDeniedNetworks": ["10.0.0.0/33"]}, "/extraDeniedNetworks/0"),
        ({"extraDeniedNetworks": ["::/129"]}, "/extraDeniedNetworks/0"),
        ({"queues": [{"maxConcurrent": 3}]}, "/queues/0"),
        ({"queues": [{"name": "Not A Name"}]}, "/queues/0/name"),
        ({"queues": [{"name": "a", "maxConcurent": 3}]}, "maxConcurent"),
        ({"queues": [{"name": "a", "stopPolicy": "Stop"}]}, "/queues/0/stopPolicy"),
        ({"redis": {"maxMemory": "192Mi"}}, "/redis/maxMemory"),
        ({"externalRedis": {"url": "redis.example:6379"}}, "/externalRedis/url"),
        ({"redis": {"enabled": False}}, "set externalRedis.url"),
        (external(url="redis://a", sentinel={"hosts": ["b"]}), "set one of them"),
        (external(cluster=True, sentinel={"hosts": ["b"]}), "exclude each other"),
        (external(url="redis://a", tls={"caSecret": "ca"}), "with rediss://"),
        (external(sentinel={"hosts": ["b"]}, tls={"caSecret": "ca"}), "externalRedis.sentinel.tls"),
        (external(sentinel={"hosts": ["redis://b"]}), "/externalRedis/sentinel/hosts/0"),
        ({"replicas": -1}, "/replicas"),
        ({"leaderElection": {"leaseSeconds": 1}}, "/leaderElection/leaseSeconds"),
        ({"watchNamespaces": ["Team"]}, "/watchNamespaces/0"),
        ({"watchNamespaces": ["a"], "queues": [{"name": "q", "namespace": "b"}]}, "namespace b"),
        ({"networkPolicy": {"egress": {"enabled": True}}}, "set networkPolicy.egress.apiServer"),
        (egress_to_api({"redis": {"enabled": False}, "externalRedis": {"url": "redis://a"}}),
         "set networkPolicy.egress.externalRedis"),
        ({"metrics": {"serviceMonitor": {"enabled": True}}}, "metrics.serviceMonitor.force"),
        ({"metrics": {"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}},
         "set metrics.service.enabled"),
        ({"serviceAccount": {"create": False}}, "set serviceAccount.name"),
        # It is put into the dashboards' JSON as it is.
        ({"alerts": {"runbookUrl": 'https://a.example/"'}}, "/alerts/runbookUrl"),
        ({"alerts": {"runbookUrl": "https://a.example/\\n"}}, "/alerts/runbookUrl"),
        ({"alerts": {"runbookUrl": "https://a.example/ b"}}, "/alerts/runbookUrl"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_by_name(chart: Chart, values: Object, message: str) -> None:
    assert message in chart.refusal(values)


def schema_of(path: Sequence[str]) -> Object:
    """What the schema says of the value at a path."""
    found: Object = SCHEMA
    for key in path:
        open_to = found.get("additionalProperties") or {}
        found = resolved(found.get("properties", {}).get(key, open_to))
    return found


def resolved(schema: Object) -> Object:
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    return SCHEMA["definitions"][name] if name else schema


def sections(values: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of everything in values.yaml that has a name, the whole included."""
    yield path
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from sections(value, (*path, key))


def value_at(path: Sequence[str]) -> Object:
    found: Object = VALUES
    for key in path:
        found = found[key]
    return found


@pytest.mark.parametrize("path", list(sections(VALUES))[1:], ids=".".join)
def test_every_value_has_its_schema(path: tuple[str, ...]) -> None:
    assert {"type", "enum"} & set(schema_of(path)), "it is not in values.schema.json"


def test_the_schema_names_nothing_that_values_do_not() -> None:
    """A value that is in the schema alone has no default, and is explained nowhere."""
    for path in sections(VALUES):
        found = schema_of(path)
        # Resources are Kubernetes' own, and have more fields than have defaults here.
        if found.get("additionalProperties") is False and path[-1:] != ("resources",):
            named = set(found["properties"]) - ({"global"} if not path else set())
            assert named == set(value_at(path)), ".".join(path)


def test_an_unknown_value_is_refused_by_name_wherever_it_stands(chart: Chart) -> None:
    closed = [p for p in sections(VALUES) if schema_of(p).get("additionalProperties") is False]
    assert len(closed) > 30
    values: Object = {}
    for path in closed:
        place = values
        for key in path:
            place = place.setdefault(key, {})
        place["mispelt"] = 1
    refusal = chart.refusal(values)
    for path in closed:
        where = f"at '/{'/'.join(path)}'" if path else "at ''"
        assert f"{where}: additional properties 'mispelt' not allowed" in refusal


def queue_properties(schema: Any) -> Object:
    """Name to what both schemas say about a field."""
    return {
        name: {key: field[key] for key in ("type", "minimum", "maximum", "enum") if key in field}
        for name, field in schema["properties"].items()
        if name not in {"name", "namespace"}
    }


def test_a_queue_takes_exactly_the_fields_of_the_crd() -> None:
    crd = yaml.safe_load((ROOT / "crds" / "scanqueues.yaml").read_text(encoding="utf-8"))
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert queue_properties(SCHEMA["definitions"]["queue"]) == queue_properties(spec)


def operator_settings(
    chart: Chart, values: Object, monkeypatch: pytest.MonkeyPatch
) -> tuple[Settings, Object]:
    """The operator's settings, as it would read them in its Pod."""
    name = values.get("fullnameOverride", "scanyard")
    variables = environment(one(chart.objects(values), "Deployment", name))
    for key, value in variables.items():
        monkeypatch.setenv(key, value if isinstance(value, str) else "from-a-secret")
    return load_settings(), variables


@pytest.mark.parametrize("name", MATRIX)
def test_the_operator_can_read_its_environment(
    chart: Chart, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, variables = operator_settings(chart, MATRIX[name], monkeypatch)
    known = {f"SCANYARD_{field.upper()}" for field in Settings.model_fields}
    assert {key for key in variables if key.startswith("SCANYARD_")} <= known
    assert settings.installation == "security/scanyard"


def test_values_reach_the_operator(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, variables = operator_settings(chart, MATRIX["everything"], monkeypatch)
    assert settings.scanner_image == "registry.example/scanner@sha256:" + "0" * 64
    assert settings.scanner_image_pull_policy == "Always"
    assert settings.scanner_image_pull_secrets == ["one", "two"]
    assert settings.pod_retention_seconds == 1_209_600
    assert settings.max_concurrent_scans == 40
    assert settings.allowed_priority_classes == ["scans", "urgent-scans"]
    assert settings.network_policy_per_queue is True
    assert settings.log_format == "text"
    assert settings.log_level == "DEBUG"
    assert (settings.log_file_max_bytes, settings.log_file_kept) == (2_000_000, 7)
    assert settings.scan_resources == VALUES["scanner"]["resources"]
    assert ip_network("2001:db8::/32") in settings.denied_networks
    assert ip_network("169.254.0.0/16") in settings.denied_networks
    assert variables["HTTPS_PROXY"] == "http://proxy.example:3128"


def test_a_log_file_has_a_volume_of_its_own(chart: Chart) -> None:
    volume = {"persistentVolumeClaim": {"claimName": "scanyard-logs"}}
    for given, made in (({}, {"emptyDir": {"sizeLimit": "50000000"}}), (volume, volume)):
        values = {"logFile": {"enabled": True, "volume": given}}
        deployment = one(chart.objects(values), "Deployment", "scanyard")
        spec = deployment["spec"]["template"]["spec"]
        (mount,) = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "logs"]
        names = list(environment(deployment))
        # Kubernetes fills in only what stands before.
        assert names.index("SCANYARD_POD_NAME") < names.index("SCANYARD_LOG_FILE")
        file = environment(deployment)["SCANYARD_LOG_FILE"]
        assert file == f"{mount['mountPath']}/$(SCANYARD_POD_NAME).log"
        assert {"name": "logs", **made} in spec["volumes"]


@pytest.mark.parametrize(("size", "kept"), [(10_000, 1), (10_000_000, 20), (4_000_000_000, 100)])
def test_the_volume_of_a_log_file_has_room_for_all_files(
    chart: Chart, size: int, kept: int
) -> None:
    values = {"logFile": {"enabled": True, "maxBytes": size, "kept": kept}}
    deployment = one(chart.objects(values), "Deployment", "scanyard")
    (volume,) = [
        v for v in deployment["spec"]["template"]["spec"]["volumes"] if v["name"] == "logs"
    ]
    # The one that is written, the older ones, and one more.
    assert volume["emptyDir"]["sizeLimit"] == str(size * (kept + 2))


def test_without_a_log_file_lines_go_to_standard_output(chart: Chart) -> None:
    deployment = one(chart.objects(), "Deployment", "scanyard")
    assert "SCANYARD_LOG_FILE" not in environment(deployment)
    assert "/var/log" not in str(deployment)


def test_a_redis_with_certificates_reaches_the_operator(
    chart: Chart, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = operator_settings(chart, MATRIX["redis-with-certificates"], monkeypatch)
    assert settings.redis_username == "scanyard"
    deployment = one(chart.objects(MATRIX["redis-with-certificates"]), "Deployment", "scanyard")
    spec = deployment["spec"]["template"]["spec"]
    (mount,) = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "redis-tls"]
    (volume,) = [v for v in spec["volumes"] if v["name"] == "redis-tls"]
    files = {
        f"{mount['mountPath']}/{item['path']}": (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
    assert files == {
        str(settings.redis_ca_file): ("redis-ca", "root.pem"),
        str(settings.redis_cert_file): ("mine", "tls.crt"),
        str(settings.redis_key_file): ("mine", "tls.key"),
    }


def test_sentinels_reach_the_operator(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, variables = operator_settings(chart, MATRIX["redis-sentinel"], monkeypatch)
    assert settings.redis_sentinels == ["redis-0.example:26379", "[2001:db8::1]:26379"]
    assert settings.redis_sentinel_master == "scans"
    assert settings.redis_sentinel_username == "watcher"
    secret = {"name": "sentinel-auth", "key": "sentinel-password"}
    assert variables["SCANYARD_REDIS_SENTINEL_PASSWORD"] == {"secretKeyRef": secret}
    assert settings.redis_cert_file is None


@pytest.mark.parametrize("name", MATRIX)
def test_only_a_cluster_is_told_to_be_one(
    chart: Chart, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = operator_settings(chart, MATRIX[name], monkeypatch)
    assert settings.redis_cluster is (name == "redis-cluster")
    assert bool(settings.redis_sentinels) is (name == "redis-sentinel")


@pytest.mark.parametrize("name", MATRIX)
def test_only_the_bundled_redis_gets_no_files(chart: Chart, name: str) -> None:
    """What externalRedis says counts only where the bundled one is off."""
    values = MATRIX[name] | {"redis": {"enabled": True}}
    text = chart.text(values)
    assert "redis-tls" not in text
    assert "SENTINEL" not in text


@pytest.mark.parametrize(
    ("name", "watched"), [("defaults", []), ("some-namespaces", ["team-a", "team-b"])]
)
def test_the_operator_is_told_what_to_watch(
    chart: Chart, name: str, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = operator_settings(chart, MATRIX[name], monkeypatch)
    assert settings.watch_namespaces == watched


def test_the_notes_say_what_single_namespaces_cannot_have(chart: Chart) -> None:
    notes = chart.notes(MATRIX["some-namespaces"])
    for words in ("team-a, team-b only", "extraDeniedNetworks", "No roles for people"):
        assert words in notes
    assert "team-a/default" in notes
    assert "extraDeniedNetworks" not in chart.notes({})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["leaves the CustomResourceDefinitions", "Secret scanyard-redis", "delete crd"]),
        ({"crds": {"enabled": False}}, ["leaves the CustomResourceDefinitions"]),
        ({"crds": {"keep": False}}, ["DELETES the CustomResourceDefinitions"]),
    ],
)
def test_the_notes_say_what_an_uninstallation_leaves(
    chart: Chart, values: Object, words: list[str]
) -> None:
    notes = chart.notes(values)
    assert [word for word in words if word not in notes] == []
    assert ("delete crd" in notes) is ("leaves" in words[0])


def test_the_notes_name_the_test(chart: Chart) -> None:
    command = f"helm test scanyard -n {NAMESPACE} --logs"
    assert command in chart.notes({})
    assert "helm test" not in chart.notes({"test": {"enabled": False}})


def test_the_default_deny_list_is_at_least_the_operators_own() -> None:
    denied = {ip_network(network) for network in VALUES["deniedNetworks"]}
    assert denied >= {ip_network(network) for network in DEFAULT_DENIED_NETWORKS.split(",")}
