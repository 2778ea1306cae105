"""kubectl's flags may stand before the command as well: `scanyard -n team list`.

They are moved behind it, so that they mean there what they mean for that command, are refused where
it has none of them, and give way to the same flag given behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from scanyard.cli.groups import LazyGroup

_WITH_VALUE: Final = frozenset({"-n", "--namespace", "--kubeconfig", "--context"})
_ALONE: Final = frozenset({"-A", "--all-namespaces"})


class RootGroup(LazyGroup):
    """The program itself."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, behind_the_command(self, ctx, args))


def behind_the_command(group: click.Group, ctx: click.Context, args: Sequence[str]) -> list[str]:
    """The same arguments, with kubectl's leading flags right behind the command's name."""
    flags, rest = _leading(args)
    end = 0
    command: click.Command = group
    while end < len(rest) and isinstance(command, click.Group) and not rest[end].startswith("-"):
        found = command.get_command(ctx, rest[end])
        end += 1
        if found is None:
            break
        command = found
    return [*rest[:end], *flags, *rest[end:]]


def _leading(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The flags before the first word that is none of them, and what follows."""
    end = 0
    while end < len(args):
        name, has_value, _ = args[end].partition("=")
        if name in _ALONE or (name in _WITH_VALUE and has_value):
            end += 1
        elif name in _WITH_VALUE:
            end += 2
        elif name.startswith("-n") and len(name) > 2:
            end += 1
        else:
            break
    return list(args[:end]), list(args[end:])


def shown_options() -> list[click.Option]:
    """For the program's help, and for completion; they are read by the commands."""
    fields: dict[str, Any] = {"expose_value": False}
    return [
        click.Option(
            ["--namespace", "-n"], metavar="NAME", help="Instead of the context's own.", **fields
        ),
        click.Option(
            ["--all-namespaces", "-A"], is_flag=True, help="Look at all namespaces.", **fields
        ),
        click.Option(
            ["--kubeconfig"],
            metavar="FILE",
            help="Instead of KUBECONFIG or ~/.kube/config.",
            **fields,
        ),
        click.Option(
            ["--context"], metavar="NAME", help="Instead of the current context.", **fields
        ),
    ]
