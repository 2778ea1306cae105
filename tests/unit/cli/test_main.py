"""The command as such: exit codes, where messages go, what it does not load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from scanyard.cli.main import cli
from tests.unit.cli.conftest import Result, use_kubeconfig, write_kubeconfig

Run = Callable[..., Result]


def test_help_names_every_command(scanyard: Run) -> None:
    result = scanyard("--help")
    assert result.exit_code == 0
    for command in ("submit", "list", "queue", "operator", "setup-queues", "stop", "version"):
        assert f"\n  {command} " in result.out


@pytest.mark.parametrize("arguments", [["no-such-command"], ["setup-queues"], ["version", "--x"]])
def test_wrong_usage_exits_with_2(scanyard: Run, arguments: list[str]) -> None:
    result = scanyard(*arguments)
    assert result.exit_code == 2
    assert "Usage: scanyard" in result.err
    assert result.out == ""


def test_no_arguments_shows_the_help(scanyard: Run) -> None:
    assert "Scans:" in scanyard().err


def test_version_is_one_line(scanyard: Run) -> None:
    result = scanyard("version")
    assert result.exit_code == 0
    assert result.out.count("\n") == 1
    assert result.out[0].isdigit()


def test_a_cluster_that_does_not_answer_is_one_sentence_with_the_mend(
    scanyard: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_kubeconfig(monkeypatch, write_kubeconfig(tmp_path, "http://127.0.0.1:9"))
    result = scanyard("setup-redis-secret", "--name", "redis", "--namespace", "security")
    assert result.exit_code == 4
    assert result.err.startswith("Error: the Kubernetes API does not answer (")
    assert "Connection refused" in result.err
    assert "check KUBECONFIG and the network" in result.err
    assert result.err.count("\n") == 1


def test_no_configuration_at_all_says_what_to_set(
    scanyard: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_kubeconfig(monkeypatch, tmp_path / "absent")
    result = scanyard("setup-redis-secret", "--name", "redis", "--namespace", "security")
    assert result.exit_code == 4
    assert "set KUBECONFIG" in result.err


@pytest.mark.parametrize("text", ["plain text", "- a list", "{}", "a: [", "clusters: 7", None])
def test_what_is_no_kubeconfig_is_one_sentence(
    scanyard: Run, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "kubeconfig"
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)
    result = scanyard("list", "--kubeconfig", str(path))
    assert (result.exit_code, result.out) == (4, "")
    assert result.err.startswith("Error: the kubeconfig cannot be used (")
    assert "Traceback" not in result.err


def test_messages_are_not_coloured_when_nobody_watches() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "scanyard.cli", "setup-queues", "--file", "/no/such/file"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("Error: /no/such/file: ")
    assert "\x1b" not in result.stderr


def test_a_command_loads_only_what_it_needs() -> None:
    """The Kubernetes client takes a second to import; `version` must not wait for it."""
    code = (
        "import sys; from scanyard.cli.main import main\n"
        "try: main(['version'])\n"
        "except SystemExit: print([m for m in ('kubernetes', 'kopf') if m in sys.modules])"
    )
    assert _printed(code)[-1] == "[]"


def test_the_list_of_commands_loads_none_of_them() -> None:
    """Help and completion must come at once; the operator's process goes without rich."""
    code = (
        "import sys; from scanyard.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([m for m in ('kubernetes', 'kopf', 'rich') if m in sys.modules])"
    )
    assert _printed(code)[-1] == "[]"


def test_every_command_of_every_group_can_be_loaded() -> None:
    with click.Context(cli) as context:
        loaded = [cli.get_command(context, name) for name in cli.list_commands(context)]
        queue = cli.get_command(context, "queue")
        assert isinstance(queue, click.Group)
        loaded += [queue.get_command(context, name) for name in queue.list_commands(context)]
    assert all(command is not None and command.help for command in loaded)


@pytest.mark.parametrize(
    ("called", "shown"),
    [("/usr/bin/scanyard", "scanyard"), ("/opt/kubectl-scanyard", "kubectl scanyard")],
)
def test_the_help_names_the_program_as_it_was_called(
    scanyard: Run, monkeypatch: pytest.MonkeyPatch, called: str, shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    assert f"Usage: {shown} submit" in scanyard("submit", "--help").out


def _printed(code: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()
