"""`scanyard operator`: what the Deployment of the chart runs."""

from __future__ import annotations

import click


@click.command()
def operator() -> int:
    """Run the operator until it is told to stop; settings come from SCANYARD_* variables."""
    # kopf and aiohttp are not needed for the command's help
    from scanyard.controller.main import run  # noqa: PLC0415

    return run()
