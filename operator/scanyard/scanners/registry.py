"""The scanners that Scanyard knows, and the one way to a command line."""

from __future__ import annotations

from typing import Final

from scanyard.errors import InvalidInputError
from scanyard.scanners.masscan.command import masscan_command
from scanyard.scanners.nmap.command import nmap_command
from scanyard.scanners.request import Command, NmapOptions, ScanRequest

MAX_COMMAND_BYTES: Final = 256 * 1024
"""Keeps the Pod well under what the API server stores (1.5 MiB)."""

MAX_ARGUMENT_BYTES: Final = 128 * 1024 - 1
"""Linux refuses to execute a program with a longer argument (MAX_ARG_STRLEN)."""


def build_command(request: ScanRequest) -> Command:
    """The command for `request`. Raises InvalidInputError on anything a scanner must not see."""
    if isinstance(request.options, NmapOptions):
        command = nmap_command(request, request.options)
    else:
        command = masscan_command(request, request.options)
    size = sum(len(argument) + 1 for argument in command.argv)
    longest = max(len(argument) for argument in command.argv)
    if size > MAX_COMMAND_BYTES or longest > MAX_ARGUMENT_BYTES:
        raise InvalidInputError(
            "targets",
            f"the command line would take {size} bytes",
            "use networks instead of ranges, or several ScanJobs",
        )
    return command
