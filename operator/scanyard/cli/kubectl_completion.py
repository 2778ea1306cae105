"""Completion of `kubectl scanyard`: kubectl asks a program named kubectl_complete-scanyard."""

from __future__ import annotations

import sys
from typing import Final

from click.shell_completion import CompletionItem, ShellComplete

from scanyard.cli.groups import COMPLETE_VARIABLE
from scanyard.cli.main import cli

#: Of Cobra, which kubectl is made with: offer nothing else, such as the names of files.
_NO_FILES: Final = ":4"


class _Kubectl(ShellComplete):
    name = "kubectl"
    source_template = ""

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}\t{item.help}" if item.help else str(item.value)


def main() -> None:
    """The words after `kubectl scanyard`, of which the last is being written."""
    *words, incomplete = sys.argv[1:] or [""]
    shell = _Kubectl(cli, {}, "scanyard", COMPLETE_VARIABLE)
    for item in shell.get_completions(words, incomplete):
        if item.type == "plain":
            sys.stdout.write(f"{shell.format_completion(item)}\n")
    sys.stdout.write(f"{_NO_FILES}\n")
