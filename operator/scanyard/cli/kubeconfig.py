"""Kubeconfigs as people have them: read by the Kubernetes package, with errors that can be read."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import kubernetes.client
import kubernetes.config
import yaml

from scanyard.kube.connection import connect
from scanyard.kube.errors import NoClusterError

_POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
#: What the package raises for files that are no kubeconfigs: it looks into them without checking.
_NOT_READABLE: Final = (
    kubernetes.config.ConfigException,
    yaml.YAMLError,
    OSError,
    TypeError,
    ValueError,
    AttributeError,
    KeyError,
)


def load(path: str | None, context: str | None) -> kubernetes.client.Configuration:
    """Of that file and context, else as `connect` finds it; raises NoClusterError."""
    with _complaints() as heard:
        configuration = _load(path, context)
    if heard:
        # The package logs that a plugin for credentials failed, and goes on as nobody.
        raise NoClusterError(
            f"the kubeconfig gives no credentials ({heard[-1]}); log in again, or run the "
            "kubeconfig's plugin by hand to see what it says"
        )
    return configuration


def namespace_of(path: str | None, context: str | None) -> str:
    """The namespace of that context; "default" where nothing says another."""
    if not (path or context) and "KUBERNETES_SERVICE_HOST" in os.environ:
        return _POD_NAMESPACE.read_text().strip() if _POD_NAMESPACE.exists() else "default"
    try:
        contexts, current = kubernetes.config.list_kube_config_contexts(path)
        chosen = next((item for item in contexts if item["name"] == context), current)
        return str(chosen["context"].get("namespace") or "default")
    except _NOT_READABLE:
        return "default"  # the first request will tell why there is no cluster


def _load(path: str | None, context: str | None) -> kubernetes.client.Configuration:
    try:
        if not (path or context):
            return connect().configuration
        configuration = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(
            config_file=path, context=context, client_configuration=configuration
        )
    except _NOT_READABLE as error:
        raise NoClusterError(
            f"the kubeconfig cannot be used ({error}); give another by KUBECONFIG, --kubeconfig "
            "or --context"
        ) from error
    return configuration


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is logged as an error meanwhile, which otherwise would go to the terminal."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(listener)
