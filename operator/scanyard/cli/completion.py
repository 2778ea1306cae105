"""`scanyard completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from scanyard.cli.groups import COMPLETE_VARIABLE
from scanyard.cli.output import print_line


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script of a shell; names of scans and queues come from the cluster.

    \b
    bash:  source <(scanyard completion bash)           in ~/.bashrc
    zsh:   source <(scanyard completion zsh)            in ~/.zshrc
    fish:  scanyard completion fish | source            in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not supported")
    print_line(kind(context.find_root().command, {}, "scanyard", COMPLETE_VARIABLE).source())
