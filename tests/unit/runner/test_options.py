"""What the operator tells the runner."""

from __future__ import annotations

import pytest

from scanyard.runner.options import RunnerOptions, UsageError, container_command, parse_arguments
from scanyard.scanners import Command, image

_PLAIN = Command("nmap", ("/usr/bin/nmap", "--", "192.0.2.1"), False, 7, 7)
_RAW = Command("masscan", ("/usr/bin/masscan",), True, 2**32, 7)


@pytest.mark.parametrize("command", [_PLAIN, _RAW])
def test_the_runner_reads_what_the_operator_writes(command: Command) -> None:
    start = container_command(command, timeout_seconds=90, stop_seconds=40)
    assert parse_arguments(start.args) == RunnerOptions(
        scanner=command.scanner,
        argv=command.argv,
        total_targets=command.total_targets,
        timeout_seconds=90,
        stop_seconds=40,
        net_raw=command.needs_net_raw,
    )


def test_only_raw_scans_start_the_interpreter_with_the_capability() -> None:
    assert container_command(_PLAIN, timeout_seconds=1).command[0] == image.PLAIN_PYTHON
    assert container_command(_RAW, timeout_seconds=1).command[0] == image.NET_RAW_PYTHON


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--scanner=nmap"],
        ["--scanner=nmap", "--"],
        ["--", "/usr/bin/nmap"],
        ["nmap", "--", "x"],
        ["--scanner=nmap", "--shell", "--", "x"],
        ["--scanner=nmap", "--timeout-seconds=soon", "--", "x"],
        ["--scanner=nmap", "--timeout-seconds=-1", "--", "x"],
        ["--scanner=nmap", "--timeout-seconds=" + "9" * 16, "--", "x"],
    ],
)
def test_refuses_what_it_does_not_know(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_arguments(arguments)
