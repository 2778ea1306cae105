"""`scanyard version`."""

from __future__ import annotations

from importlib.metadata import version as installed_version

import click

from scanyard.cli.output import print_line


@click.command()
def version() -> None:
    """Print the version."""
    print_line(installed_version("scanyard"))
