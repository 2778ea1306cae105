"""The command as such: exit codes, where messages go, what it does not load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Result, use_kubeconfig, write_kubeconfig

Run = Callable[..., Result]


def test_help_names_every_command(scanyard: Run) -> None:
    result = scanyard("--help")
    assert result.exit_code == 0
    for command in ("operator", "release", "setup-queues", "setup-redis-secret", "stop", "version"):
        assert f"\n  {command} " in result.out


@pytest.mark.parametrize("arguments", [["no-such-command"], ["setup-queues"], ["version", "--x"]])
def test_wrong_usage_exits_with_2(scanyard: Run, arguments: list[str]) -> None:
    result = scanyard(*arguments)
    assert result.exit_code == 2
    assert "Usage: scanyard" in result.err
    assert result.out == ""


def test_no_arguments_shows_the_help(scanyard: Run) -> None:
    assert "Commands:" in scanyard().err


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
    assert result.exit_code == 1
    assert result.err.startswith("Error: the Kubernetes API does not answer (")
    assert "Connection refused" in result.err
    assert "check KUBECONFIG and the network" in result.err
    assert result.err.count("\n") == 1


def test_no_configuration_at_all_says_what_to_set(
    scanyard: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_kubeconfig(monkeypatch, tmp_path / "absent")
    result = scanyard("setup-redis-secret", "--name", "redis", "--namespace", "security")
    assert result.exit_code == 1
    assert "set KUBECONFIG" in result.err


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
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
