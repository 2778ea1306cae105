"""What Helm makes of the chart, as plain objects."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "scanyard"
RELEASE = "scanyard"
NAMESPACE = "security"

Object = dict[str, Any]

PRODUCTION: Object = yaml.safe_load((CHART / "values-production.yaml").read_text(encoding="utf-8"))

#: Installations that differ in what is rendered; each is checked as a whole.
MATRIX: dict[str, Object] = {
    "defaults": {},
    # The monitors are rendered even where nobody knows their kinds, as here.
    "production": PRODUCTION | {
        "metrics": {"serviceMonitor": PRODUCTION["metrics"]["serviceMonitor"] | {"force": True}},
        "alerts": PRODUCTION["alerts"] | {
            "prometheusRule": PRODUCTION["alerts"]["prometheusRule"] | {"force": True}
        },
    },
    "external-redis": {
        "redis": {"enabled": False},
        "externalRedis": {"url": "rediss://redis.example:6380/1", "existingSecret": "redis-auth"},
    },
    "external-redis-without-password": {
        "redis": {"enabled": False},
        "externalRedis": {"url": "redis://redis.example:6379/0"},
    },
    "redis-with-certificates": {
        "redis": {"enabled": False},
        "externalRedis": {
            "url": "rediss://redis.example:6380/0",
            "username": "scanyard",
            "existingSecret": "redis-auth",
            "tls": {"caSecret": "redis-ca", "caSecretKey": "root.pem", "certificateSecret": "mine"},
        },
    },
    "redis-sentinel": {
        "redis": {"enabled": False},
        "externalRedis": {
            "sentinel": {
                "hosts": ["redis-0.example:26379", "[2001:db8::1]:26379"],
                "masterName": "scans",
                "database": 3,
                "tls": True,
                "username": "watcher",
                "existingSecret": "sentinel-auth",
            },
            "tls": {"caSecret": "redis-ca"},
        },
    },
    "redis-cluster": {
        "redis": {"enabled": False},
        "externalRedis": {"url": "redis://redis-cluster.example:6379", "cluster": True},
    },
    "some-namespaces": {
        "watchNamespaces": ["team-a", "team-b"],
        "rbac": {"userRoles": False},
        "crds": {"enabled": False},
    },
    "existing-redis-secret": {
        "redis": {"existingSecret": "mine", "existingSecretKey": "auth"},
    },
    "minimal": {
        "replicas": 1,
        "networkPolicy": {"enabled": False},
        "crds": {"enabled": False},
        "queues": [],
        "metrics": {"service": {"enabled": False}},
        "redis": {"networkPolicy": {"enabled": False}},
        "serviceAccount": {"create": False, "name": "theirs"},
        "rbac": {"aggregateRoles": False},
    },
    "everything": {
        "fullnameOverride": "yard",
        "commonLabels": {"team": "security"},
        "imagePullSecrets": [{"name": "registry"}],
        "image": {"repository": "registry.example/yard", "tag": "1.2.3"},
        "logFormat": "text",
        "logLevel": "DEBUG",
        "logFile": {"enabled": True, "maxBytes": 2_000_000, "kept": 7},
        "podRetentionSeconds": 1_209_600,
        "maxConcurrentScans": 40,
        "packetsPerSecond": 20000,
        "extraDeniedNetworks": ["10.0.0.0/8", "2001:db8::/32"],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "scans", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "scans", "operator": "Exists"}]}],
        }}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
        ],
        "priorityClassName": "system-cluster-critical",
        "replicas": 3,
        "leaderElection": {"leaseSeconds": 30},
        "networkPolicy": {
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
            "egress": {
                "enabled": True,
                "apiServer": {"cidrs": ["10.0.0.10/32", "2001:db8::10/128"], "ports": [6443]},
                "extra": [{"to": [{"ipBlock": {"cidr": "10.0.9.0/24"}}]}],
            },
        },
        "podAnnotations": {"example.com/a": "b"},
        "podLabels": {"example.com/c": "d"},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
        "serviceAccount": {"annotations": {"example.com/e": "f"}},
        "metrics": {"service": {"annotations": {"prometheus.io/scrape": "true"}}},
        "dashboards": {
            "enabled": True,
            "namespace": "monitoring",
            "annotations": {"grafana_folder": "Scans"},
        },
        "scanner": {"image": {
            "repository": "registry.example/scanner",
            "digest": "sha256:" + "0" * 64,
            "pullPolicy": "Always",
            "pullSecrets": ["one", "two"],
        }, "allowedPriorityClasses": ["scans", "urgent-scans"],
           "networkPolicyPerQueue": True},
        "queues": [
            {"name": "fast", "namespace": "team-a", "maxConcurrent": 0, "stopPolicy": "Hold"},
            {
                "name": "slow",
                "namespace": "team-b",
                "agingSeconds": 0,
                "scope": {"allow": ["10.0.0.0/8", "*.example.com"], "deny": ["10.0.0.1"]},
                "allowedScanners": ["nmap"],
                "limits": {"maxAddresses": 256},
            },
            {"name": "slow", "namespace": "team-a"},
        ],
        "queueSetup": {"forceConflicts": True},
        "redis": {"maxMemory": "1gb"},
        "crds": {"keep": False},
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chart:
    """Renders charts/scanyard, or a package of it, with a given Helm program."""

    helm: Path
    folder: Path = CHART

    def text(self, values: Object | None = None) -> str:
        """All manifests, hooks included; fails the test if Helm refuses. Rendered once."""
        return _rendered(self, json.dumps(values or {}))

    def render(self, values: Object, *flags: str) -> str:
        """The same, rendered anew, with more flags of `helm template`."""
        result = self._template(values, *flags)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def objects(self, values: Object | None = None) -> list[Object]:
        """The same, decoded; the caller's own to change."""
        documents = yaml.load_all(self.text(values), Loader=yaml.CSafeLoader)
        return [document for document in documents if document]

    def refusal(self, values: Object) -> str:
        """Helm's message; fails the test if it renders these values."""
        result = self._template(values)
        assert result.returncode != 0, "these values should be refused"
        return result.stderr

    def notes(self, values: Object) -> str:
        """What Helm tells the user after the installation."""
        result = self._run(
            "install", RELEASE, str(self.folder), "--namespace", NAMESPACE, "--dry-run=client",
            values=values,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout.partition("\nNOTES:\n")[2]

    def lint(self, values: Object) -> subprocess.CompletedProcess[str]:
        """`helm lint --strict`."""
        return self._run("lint", "--strict", str(self.folder), values=values)

    def _template(self, values: Object, *flags: str) -> subprocess.CompletedProcess[str]:
        return self._run(
            "template", RELEASE, str(self.folder), "--namespace", NAMESPACE, *flags, values=values
        )

    def _run(self, *arguments: str, values: Object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.helm), *arguments, "--values", "-"],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@functools.cache
def _rendered(chart: Chart, values: str) -> str:
    return chart.render(json.loads(values))


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Those of a kind."""
    return [item for item in objects if item["kind"] == kind]


def one(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of that kind and name."""
    found = [item for item in of_kind(objects, kind) if item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} x {kind} {name}"
    return found[0]


def pod_specs(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """The specs of Pods and of the templates of Deployments and Jobs, by "Kind name"."""
    for item in objects:
        name = f"{item['kind']} {item['metadata']['name']}"
        if item["kind"] in {"Deployment", "Job"}:
            yield name, item["spec"]["template"]["spec"]
        elif item["kind"] == "Pod":
            yield name, item["spec"]


def environment(deployment: Object) -> Object:
    """The variables of the first container: name to value, or to its `valueFrom`."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def hook_events(item: Object) -> str:
    """The Helm hook events of an object; "" for an ordinary one."""
    annotations = item["metadata"].get("annotations") or {}
    return str(annotations.get("helm.sh/hook", ""))
