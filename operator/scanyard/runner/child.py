"""Starts the scanner: no shell, its own session, three pipes."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scanyard.scanners.image import FINDINGS_FD

# Nothing of the Pod's environment: no proxies, no NMAP_* settings, no home with a ~/.nmap.
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Child:
    """The scanner's process id, also its group's, and the reading ends of its pipes."""

    pid: int
    stdout: int
    stderr: int
    findings: int

    def signal(self, number: int) -> None:
        """To the scanner alone, if it still runs."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def kill_group(self) -> None:
        """To whatever is left of it."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def start_child(argv: Sequence[str]) -> Child:
    """Run `argv` (the program by its path). Raises OSError as execve does."""
    stdout, stdout_end = os.pipe()
    stderr, stderr_end = os.pipe()
    findings, findings_end = os.pipe()
    try:
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            _ENVIRONMENT,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, stdout_end, 1),
                (os.POSIX_SPAWN_DUP2, stderr_end, 2),
                # Last, for the other ends may well have this number.
                (os.POSIX_SPAWN_DUP2, findings_end, FINDINGS_FD),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD),
        )
    except OSError:
        for descriptor in (stdout, stderr, findings):
            os.close(descriptor)
        raise
    finally:
        for descriptor in (stdout_end, stderr_end, findings_end):
            os.close(descriptor)
    return Child(pid=pid, stdout=stdout, stderr=stderr, findings=findings)
