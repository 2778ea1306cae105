"""Groups of commands whose modules are loaded when they are run, not when they are listed.

The Kubernetes package alone takes longer to import than most commands take to run, and help and
completion of names need none of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

#: The variable by which a shell asks the program for what may come next.
COMPLETE_VARIABLE: Final = "_SCANYARD_COMPLETE"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command's "module:attribute", and its line in the list of commands."""

    target: str
    help: str

    def load(self) -> click.Command:
        module, attribute = self.target.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


class LazyGroup(click.Group):
    """A group with its commands in sections of the help."""

    def __init__(
        self, *arguments: Any, sections: Mapping[str, Mapping[str, Entry]], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self._sections = sections
        self._entries = {name: entry for part in sections.values() for name, entry in part.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self._entries.get(cmd_name)
        return None if entry is None else entry.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        widest = max(map(len, self._entries))
        for title, entries in self._sections.items():
            rows = [(name.ljust(widest), entry.help) for name, entry in entries.items()]
            with formatter.section(title):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=entry.help)
            for name, entry in self._entries.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)
