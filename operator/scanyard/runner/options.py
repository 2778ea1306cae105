"""How the operator starts the runner, and how the runner reads it: one place for both.

Written by hand because argparse alone would double the runner's start-up time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanyard.errors import ScanyardError
from scanyard.scanners.image import (
    NET_RAW_PYTHON,
    PLAIN_PYTHON,
    RUNNER_SCRIPT,
    TERMINATION_LOG,
    WORK_DIRECTORY,
)

if TYPE_CHECKING:
    from scanyard.scanners.request import Command

STOP_SECONDS: Final = 50
"""How long a scanner may take to end after SIGINT; the Pod's grace period must be longer."""


class UsageError(ScanyardError):
    """The runner was started with arguments that it does not know."""


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """What the runner is told. `argv` is the scanner's; `timeout_seconds` 0 means no limit."""

    scanner: str
    argv: tuple[str, ...]
    total_targets: int = 0
    timeout_seconds: int = 0
    stop_seconds: int = STOP_SECONDS
    net_raw: bool = False
    work_directory: str = WORK_DIRECTORY
    termination_log: str = TERMINATION_LOG


@dataclass(frozen=True, slots=True)
class ContainerCommand:
    """`command` and `args` of the scan container."""

    command: tuple[str, ...]
    args: tuple[str, ...]


def container_command(
    command: Command, *, timeout_seconds: int, stop_seconds: int = STOP_SECONDS
) -> ContainerCommand:
    """The container that runs `command`, stopping it after `timeout_seconds`.

    `timeout_seconds` belongs a little under activeDeadlineSeconds, so that the runner stops the
    scanner itself and keeps what it found; `stop_seconds` a little under the Pod's grace period.
    """
    python = NET_RAW_PYTHON if command.needs_net_raw else PLAIN_PYTHON
    options = (
        f"--scanner={command.scanner}",
        f"--total-targets={command.total_targets}",
        f"--timeout-seconds={timeout_seconds}",
        f"--stop-seconds={stop_seconds}",
        *(("--net-raw",) if command.needs_net_raw else ()),
    )
    return ContainerCommand(
        # Isolated, without site packages: nothing from the environment or the working directory
        # is imported, and the start is quicker.
        command=(python, "-I", "-S", RUNNER_SCRIPT),
        args=(*options, "--", *command.argv),
    )


def parse_arguments(arguments: Sequence[str]) -> RunnerOptions:
    """Read `--name=value ... -- argv`. Raises UsageError."""
    if "--" not in arguments:
        raise UsageError("no -- before the scanner's command line")
    split = list(arguments).index("--")
    given, argv = arguments[:split], tuple(arguments[split + 1 :])
    values = dict(_named(option) for option in given)
    if not argv or not values.get("scanner"):
        raise UsageError("--scanner and the scanner's command line are needed")
    known = {"scanner", "total-targets", "timeout-seconds", "stop-seconds", "net-raw"}
    unknown = values.keys() - known - {"work-dir", "termination-log"}
    if unknown:
        raise UsageError(f"unknown option --{min(unknown)}")
    return RunnerOptions(
        scanner=values["scanner"],
        argv=argv,
        total_targets=_number(values, "total-targets", 0),
        timeout_seconds=_number(values, "timeout-seconds", 0),
        stop_seconds=_number(values, "stop-seconds", STOP_SECONDS),
        net_raw="net-raw" in values,
        work_directory=values.get("work-dir", WORK_DIRECTORY),
        termination_log=values.get("termination-log", TERMINATION_LOG),
    )


def _named(option: str) -> tuple[str, str]:
    name, _, value = option.partition("=")
    if not name.startswith("--"):
        raise UsageError(f"unexpected argument {option[:40]!a}")
    return name.removeprefix("--"), value


def _number(values: dict[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise UsageError(f"--{name} needs a whole number, not {text[:40]!a}")
    return int(text)
