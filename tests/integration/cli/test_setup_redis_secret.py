"""`scanyard setup-redis-secret` on a real API server."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from tests.integration.cli.conftest import Run
from tests.support.kube import Cluster, Namespace


def secret(cluster: Cluster, namespace: Namespace) -> dict[str, Any]:
    path = f"/api/v1/namespaces/{namespace.name}/secrets/redis"
    return cluster.request("GET", path).expect()


def test_the_password_is_made_once_and_stays(
    scanyard: Run, cluster: Cluster, namespace: Namespace
) -> None:
    arguments = ("setup-redis-secret", "--name", "redis", "--namespace", namespace.name)
    assert scanyard(*arguments) == f"{namespace.name}/redis: created\n"
    made = secret(cluster, namespace)
    assert len(b64decode(made["data"]["redis-password"])) >= 40
    assert scanyard(*arguments) == f"{namespace.name}/redis: exists, left as it is\n"
    assert secret(cluster, namespace) == made
