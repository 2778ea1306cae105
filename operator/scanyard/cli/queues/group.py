"""The commands of `scanyard queue`."""

from __future__ import annotations

from typing import Final

import click

from scanyard.cli.groups import Entry, LazyGroup

_COMMANDS: Final = {
    "Commands": {
        "list": Entry("scanyard.cli.queues.listing:list_queues", "List queues."),
        "status": Entry("scanyard.cli.queues.status:status", "Show all about a queue."),
        "create": Entry("scanyard.cli.queues.edit:create", "Create a queue."),
        "edit": Entry("scanyard.cli.queues.edit:edit", "Change what a queue limits and allows."),
        "hold": Entry("scanyard.cli.queues.changes:hold", "Start nothing more in queues."),
        "drain": Entry("scanyard.cli.queues.changes:drain", "Hold queues and stop what runs."),
        "release": Entry("scanyard.cli.queues.changes:release", "Let held queues go on."),
    }
}


@click.group(cls=LazyGroup, sections=_COMMANDS)
def queue() -> None:
    """Look at queues, and change them with the rights of a platform team."""
