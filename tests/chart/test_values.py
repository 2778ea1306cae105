"""What values mean, and that a mistake in them is refused before anything is installed."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest
import yaml

from scanyard.settings import DEFAULT_DENIED_NETWORKS, Settings, load_settings
from tests.chart.rendering import CHART, MATRIX, ROOT, Chart, Object, environment, one

VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


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
        ({"serviceAccount": {"create": False}}, "set serviceAccount.name"),
    ],
)
def test_a_mistake_is_refused_by_name(chart: Chart, values: Object, message: str) -> None:
    assert message in chart.refusal(values)


def test_every_value_is_explained() -> None:
    """A key has a comment above or beside it, or its section or a neighbour speaks for it."""
    blocks = re.split(r"\n\n", (CHART / "values.yaml").read_text(encoding="utf-8"))
    obvious = {"podAnnotations: {}\npodLabels: {}"}
    for block in blocks:
        assert "#" in block or block.split("\n# ")[0].strip() in obvious, block


def queue_properties(schema: Any) -> Object:
    """Name to what both schemas say about a field."""
    return {
        name: {key: field[key] for key in ("type", "minimum", "maximum", "enum") if key in field}
        for name, field in schema["properties"].items()
        if name not in {"name", "namespace"}
    }


def test_a_queue_takes_exactly_the_fields_of_the_crd() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    crd = yaml.safe_load((ROOT / "crds" / "scanqueues.yaml").read_text(encoding="utf-8"))
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert queue_properties(schema["definitions"]["queue"]) == queue_properties(spec)


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
    assert settings.log_format == "text"
    assert settings.log_level == "DEBUG"
    assert settings.scan_resources == VALUES["scanner"]["resources"]
    assert ip_network("2001:db8::/32") in settings.denied_networks
    assert ip_network("169.254.0.0/16") in settings.denied_networks
    assert variables["HTTPS_PROXY"] == "http://proxy.example:3128"


def test_the_default_deny_list_is_at_least_the_operators_own() -> None:
    denied = {ip_network(network) for network in VALUES["deniedNetworks"]}
    assert denied >= {ip_network(network) for network in DEFAULT_DENIED_NETWORKS.split(",")}
