"""Entry point of the `scanyard` command."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from scanyard.cli.output import print_error
from scanyard.errors import InvalidInputError, ScanyardError

#: Command to "module:attribute". Loaded when asked for: the Kubernetes client alone takes longer
#: to import than most commands take to run.
_COMMANDS: Final = {
    "operator": "scanyard.cli.operator:operator",
    "release": "scanyard.cli.release:release",
    "setup-queues": "scanyard.cli.setup_queues:setup_queues",
    "setup-redis-secret": "scanyard.cli.setup_redis_secret:setup_redis_secret",
    "stop": "scanyard.cli.stop:stop",
    "version": "scanyard.cli.version:version",
}

EXIT_FAILED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_INTERRUPTED: Final = 130


class _LazyGroup(click.Group):
    """A group that imports a command's module only when that command is looked at."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Scanyard: a scan queue for Kubernetes."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 it could not be done, 2 the input has to be changed."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name="scanyard", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    except InvalidInputError as error:
        print_error(str(error))
        return EXIT_BAD_INPUT
    except ScanyardError as error:
        print_error(str(error))
        return EXIT_FAILED
    return result if isinstance(result, int) else 0
