"""With whose rights and in which namespace a command works: kubectl's flags and files."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from scanyard.kube.errors import NoClusterError

if TYPE_CHECKING:
    import kubernetes.client

    from scanyard.cli.api import Api

Command = TypeVar("Command", bound=Callable[..., Any])

_POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Access:
    """What the flags say; the kubeconfig is read when it is first needed.

    everywhere: all namespaces.
    """

    kubeconfig: str | None = None
    context: str | None = None
    wanted: str | None = None
    everywhere: bool = False

    @property
    def namespace(self) -> str:
        """The one namespace: of the flag, else the context's, else "default"."""
        return self.wanted or self._context_namespace()

    @property
    def scope(self) -> str | None:
        """The namespace to list, None for all."""
        return None if self.everywhere else self.namespace

    def api(self, *, timeout_seconds: float = 10.0) -> Api:
        """Requests with the user's own credentials; raises NoClusterError."""
        # The Kubernetes package takes half a second to import, which help need not wait for.
        from scanyard.cli.api import Api  # noqa: PLC0415

        return Api(self._configuration(), timeout_seconds=timeout_seconds)

    def _configuration(self) -> kubernetes.client.Configuration:
        import kubernetes.client  # noqa: PLC0415
        import kubernetes.config  # noqa: PLC0415

        from scanyard.cli.cluster import quietly  # noqa: PLC0415
        from scanyard.kube.connection import connect  # noqa: PLC0415

        if not (self.kubeconfig or self.context):
            return quietly(connect().configuration)
        configuration = kubernetes.client.Configuration()
        try:
            kubernetes.config.load_kube_config(
                config_file=self.kubeconfig,
                context=self.context,
                client_configuration=configuration,
            )
        except kubernetes.config.ConfigException as error:
            raise NoClusterError(
                f"the kubeconfig cannot be used ({error}); give another --kubeconfig or --context"
            ) from error
        return quietly(configuration)

    def _context_namespace(self) -> str:
        import kubernetes.config  # noqa: PLC0415

        if not (self.kubeconfig or self.context) and "KUBERNETES_SERVICE_HOST" in os.environ:
            return _POD_NAMESPACE.read_text().strip() if _POD_NAMESPACE.exists() else "default"
        try:
            contexts, current = kubernetes.config.list_kube_config_contexts(self.kubeconfig)
        except kubernetes.config.ConfigException:
            return "default"  # and the first request tells why there is no cluster
        chosen = next((c for c in contexts if c["name"] == self.context), current)
        return str(chosen["context"].get("namespace") or "default")


def access_options(*, everywhere: bool = False) -> Callable[[Command], Callable[..., Any]]:
    """kubectl's flags; the command gets `access`. everywhere: it may look at all namespaces."""

    def decorate(command: Command) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(
            *arguments: Any,
            kubeconfig: str | None,
            context: str | None,
            namespace: str | None,
            all_namespaces: bool = False,
            **options: Any,
        ) -> Any:
            if all_namespaces and namespace:
                raise click.UsageError("give --namespace or --all-namespaces, not both")
            access = Access(kubeconfig, context, namespace, all_namespaces)
            return command(*arguments, access=access, **options)

        wrapped: Callable[..., Any] = run
        for option in reversed(_options(everywhere=everywhere)):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def access_of(parameters: dict[str, Any]) -> Access:
    """The same from the flags that stand on a command line that is still being written."""
    return Access(
        parameters.get("kubeconfig"),
        parameters.get("context"),
        parameters.get("namespace"),
        bool(parameters.get("all_namespaces")),
    )


def _options(*, everywhere: bool) -> list[Callable[[Any], Any]]:
    options = [
        click.option("--namespace", "-n", metavar="NAME", help="Instead of the context's own."),
        click.option(
            "--kubeconfig", metavar="FILE", help="Instead of KUBECONFIG or ~/.kube/config."
        ),
        click.option("--context", metavar="NAME", help="Instead of the current context."),
    ]
    if everywhere:
        options.insert(
            1,
            click.option("--all-namespaces", "-A", is_flag=True, help="Look at all namespaces."),
        )
    return options
