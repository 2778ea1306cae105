"""A Redis with TLS beside the installation, which uses it as one of the user's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.certificates import Authority
from tests.support.installation import NAMESPACE
from tests.support.installed_redis import INSTALLATION
from tests.support.kube import MERGE_PATCH, Cluster

_NAME: Final = "test-redis"
_HOST: Final = f"{_NAME}.{NAMESPACE}.svc"
_SECRETS: Final = f"/api/v1/namespaces/{NAMESPACE}/secrets"
_FILES: Final = "/etc/redis-tls"
#: Of `helm upgrade`, for an operator that uses it.
FLAGS: Final = (
    "--set=redis.enabled=false",
    f"--set=externalRedis.url=rediss://{_HOST}:6379/0",
    f"--set=externalRedis.tls.caSecret={_NAME}",
)


@dataclass(frozen=True, slots=True)
class EncryptedRedis:
    """It holds nothing when it starts."""

    cluster: Cluster
    authority: Authority

    def stop(self) -> None:
        """No Pod of it is left."""
        self._kubectl("scale", f"deployment/{_NAME}", "--replicas=0")
        self._kubectl("wait", "--for=delete", "pod", f"--selector=app={_NAME}", "--timeout=60s")

    def start(self) -> None:
        """Returns when it is ready."""
        self._kubectl("scale", f"deployment/{_NAME}", "--replicas=1")
        self._kubectl("rollout", "status", f"deployment/{_NAME}", "--timeout=90s")

    def certify(self, days: int) -> None:
        """A new certificate, for its next start."""
        issued = self.authority.issue(f"redis-{days}", host=f"DNS:{_HOST}", days=days)
        files = {
            "ca.crt": self.authority.file,
            "tls.crt": issued.certificate,
            "tls.key": issued.key,
        }
        data = {name: base64.b64encode(path.read_bytes()).decode() for name, path in files.items()}
        path = f"{_SECRETS}/{_NAME}"
        self.cluster.request("PATCH", path, {"data": data}, content_type=MERGE_PATCH).expect()

    def run(self, *words: str) -> str:
        """A command of redis-cli; what it printed."""
        cli = ("redis-cli", "--tls", "--cacert", f"{_FILES}/ca.crt", "-h", _HOST)
        return self._kubectl("exec", f"deployment/{_NAME}", "--", *cli, *words).strip()

    def running_of(self, queue: str) -> str:
        """The key that holds who has a slot of that queue ("namespace/name")."""
        root = f"{{scanyard:{INSTALLATION}}}"
        generation = self.run("HGET", f"{root}:ledger", "generation")
        return f"{root}:{generation}:running:{queue}"

    def _kubectl(self, *words: str) -> str:
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *words)


@contextmanager
def encrypted_redis(cluster: Cluster, folder: Path, *, days: int) -> Iterator[EncryptedRedis]:
    """It runs, with a certificate for so many days; gone at the end."""
    redis = EncryptedRedis(cluster, Authority.create(folder / "authority"))
    secret = {"metadata": {"name": _NAME}}
    cluster.kubectl(
        *("apply", f"--namespace={NAMESPACE}", "--filename=-"),
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}),
    )
    try:
        reply = cluster.request("POST", _SECRETS, secret)
        assert reply.ok or reply.code == 409, reply.message
        redis.certify(days)
        redis.start()
        yield redis
    finally:
        cluster.kubectl(
            *("delete", f"--namespace={NAMESPACE}", "--ignore-not-found", "--wait=false"),
            *(f"{kind}/{_NAME}" for kind in ("deployment", "service", "secret")),
        )


def _objects() -> list[dict[str, Any]]:
    labels = {"app": _NAME}
    options = {
        "port": "0",
        "tls-port": "6379",
        "tls-cert-file": f"{_FILES}/tls.crt",
        "tls-key-file": f"{_FILES}/tls.key",
        "tls-ca-cert-file": f"{_FILES}/ca.crt",
        "tls-auth-clients": "no",
        "bind": "*",
        "protected-mode": "no",
        "save": "",
    }
    container = {
        "name": "redis",
        "image": "scanyard/redis:dev",
        "imagePullPolicy": "Never",
        "command": ["redis-server", *(w for k, v in options.items() for w in (f"--{k}", v))],
        "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 1},
        "volumeMounts": [{"name": "tls", "mountPath": _FILES}],
    }
    pod = {
        "containers": [container],
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001},
        "volumes": [{"name": "tls", "secret": {"secretName": _NAME}}],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _NAME},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _NAME},
        "spec": {"selector": labels, "ports": [{"port": 6379}]},
    }
    return [deployment, service]
