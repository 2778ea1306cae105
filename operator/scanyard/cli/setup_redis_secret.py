"""`scanyard setup-redis-secret`: makes the bundled Redis' password, once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import click
import kubernetes.client

from scanyard.cli.cluster import (
    REQUEST_TIMEOUT_SECONDS,
    WAIT_SECONDS,
    api_client,
    patiently,
    translated_errors,
)
from scanyard.cli.output import print_line
from scanyard.errors import InvalidInputError
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError

DEFAULT_KEY: Final = "redis-password"
_PASSWORD_BYTES: Final = 32


@click.command()
@click.option("--name", required=True, help="Name of the Secret.")
@click.option("--namespace", "-n", required=True, help="Namespace of the Secret.")
@click.option("--key", default=DEFAULT_KEY, show_default=True, help="The password's key in it.")
@click.option("--wait", is_flag=True, help="Wait up to 2 minutes for the API server.")
def setup_redis_secret(name: str, namespace: str, key: str, *, wait: bool) -> None:
    """Create a Secret with a random password; one that exists is never changed."""
    api = kubernetes.client.CoreV1Api(api_client())
    created = patiently(
        lambda: ensure_secret(api, namespace, name, key),
        wait_seconds=WAIT_SECONDS if wait else 0,
    )
    print_line(f"{namespace}/{name}: {'created' if created else 'exists, left as it is'}")


def ensure_secret(
    api: kubernetes.client.CoreV1Api,
    namespace: str,
    name: str,
    key: str,
    make_password: Callable[[], str] = lambda: secrets.token_urlsafe(_PASSWORD_BYTES),
) -> bool:
    """Create the Secret if it is absent; True if this call made it.

    Raises InvalidInputError if it exists without the key.
    """
    try:
        _check_key(api, namespace, name, key)
    except KubeNotFoundError:
        try:
            _create(api, namespace, name, {key: make_password()})
        except KubeConflictError:  # somebody was faster
            _check_key(api, namespace, name, key)
            return False
        return True
    return False


def _check_key(api: kubernetes.client.CoreV1Api, namespace: str, name: str, key: str) -> None:
    with translated_errors():
        secret = api.read_namespaced_secret(
            name, namespace, _request_timeout=REQUEST_TIMEOUT_SECONDS
        )
    if not (secret.data or {}).get(key):
        raise InvalidInputError(
            f"Secret {namespace}/{name}",
            f"has no value under {key}",
            "add it, or delete the Secret so that it is made anew",
        )


def _create(
    api: kubernetes.client.CoreV1Api, namespace: str, name: str, data: dict[str, str]
) -> None:
    labels = {"app.kubernetes.io/name": "scanyard", "app.kubernetes.io/managed-by": "scanyard"}
    body = kubernetes.client.V1Secret(
        metadata=kubernetes.client.V1ObjectMeta(name=name, namespace=namespace, labels=labels),
        string_data=data,
        type="Opaque",
    )
    with translated_errors():
        api.create_namespaced_secret(namespace, body, _request_timeout=REQUEST_TIMEOUT_SECONDS)
