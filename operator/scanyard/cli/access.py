"""With whose rights and in which namespace a command works: kubectl's flags and files."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    import kubernetes.client

    from scanyard.cli.api import Api

Command = TypeVar("Command", bound=Callable[..., Any])


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
        from scanyard.cli.cluster import quietly  # noqa: PLC0415
        from scanyard.cli.kubeconfig import load  # noqa: PLC0415

        return quietly(load(self.kubeconfig, self.context))

    def _context_namespace(self) -> str:
        from scanyard.cli.kubeconfig import namespace_of  # noqa: PLC0415

        return namespace_of(self.kubeconfig, self.context)


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


def connection_options(command: Command) -> Callable[..., Any]:
    """Only which cluster; for commands whose --namespace means something of its own."""

    @functools.wraps(command)
    def run(*arguments: Any, kubeconfig: str | None, context: str | None, **options: Any) -> Any:
        return command(*arguments, access=Access(kubeconfig, context), **options)

    wrapped: Callable[..., Any] = run
    for option in reversed(_CONNECTION):
        wrapped = option(wrapped)
    return wrapped


def access_of(parameters: dict[str, Any]) -> Access:
    """The same from the flags that stand on a command line that is still being written."""
    return Access(
        parameters.get("kubeconfig"),
        parameters.get("context"),
        parameters.get("namespace"),
        bool(parameters.get("all_namespaces")),
    )


_CONNECTION: Final = (
    click.option("--kubeconfig", metavar="FILE", help="Instead of KUBECONFIG or ~/.kube/config."),
    click.option("--context", metavar="NAME", help="Instead of the current context."),
)


def _options(*, everywhere: bool) -> list[Callable[[Any], Any]]:
    options = [
        click.option("--namespace", "-n", metavar="NAME", help="Instead of the context's own.")
    ]
    if everywhere:
        options.append(
            click.option("--all-namespaces", "-A", is_flag=True, help="Look at all namespaces.")
        )
    return [*options, *_CONNECTION]
