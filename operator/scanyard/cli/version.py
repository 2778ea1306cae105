"""`scanyard version`."""

from __future__ import annotations

from importlib.metadata import version as installed_version

import click

from scanyard.cli.output import print_line


@click.command(short_help="Print the version.")
def version() -> None:
    """Print the version."""
    print_line(installed_version("scanyard"))
