"""Where the API server is and who we are to it, as the `kubernetes` package finds out."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import kubernetes.client
import kubernetes.config

from scanyard.kube.errors import NoClusterError


@dataclass(frozen=True, slots=True)
class Connection:
    """The API server's address and the configuration that keeps the token fresh."""

    server: str
    tls: ssl.SSLContext | None
    configuration: kubernetes.client.Configuration

    def headers(self) -> dict[str, str]:
        """Authorization for the next request; service account tokens are re-read as they age."""
        for name in ("BearerToken", "authorization"):
            token = self.configuration.get_api_key_with_prefix(name)
            if token:
                return {"Authorization": token}
        return {}


def connect() -> Connection:
    """Credentials of the Pod's service account, else of the kubeconfig (KUBECONFIG honoured)."""
    configuration = kubernetes.client.Configuration()
    try:
        try:
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        except kubernetes.config.ConfigException:
            kubernetes.config.load_kube_config(client_configuration=configuration)
    except kubernetes.config.ConfigException as error:
        raise NoClusterError(
            f"no Kubernetes cluster is configured ({error}); set KUBECONFIG, or run in a Pod "
            "with a service account"
        ) from error
    return Connection(configuration.host, _tls(configuration), configuration)


def _tls(configuration: kubernetes.client.Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https:"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Cluster CAs of older tools lack the key usage extension that Python 3.13 would insist on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
