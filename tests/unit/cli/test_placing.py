"""kubectl's flags before the command mean what they mean behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from scanyard.cli.main import cli
from scanyard.cli.placing import behind_the_command
from tests.unit.cli.conftest import Result

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("-n team list -o json", "list -n team -o json"),
        ("-nteam list", "list -nteam"),
        ("--namespace=team --context work queue status office",
         "queue status --namespace=team --context work office"),
        ("-A --kubeconfig file submit nmap 10.0.0.1", "submit nmap -A --kubeconfig file 10.0.0.1"),
        ("-n team list -n other", "list -n team -n other"),
        ("list -n team", "list -n team"),
        ("status list -A", "status list -A"),
        ("-n team nosuch x", "nosuch -n team x"),
        ("-n", "-n"),
        ("--help", "--help"),
        ("", ""),
    ],
)  # fmt: skip
def test_they_are_read_behind_the_command(given: str, read: str) -> None:
    with click.Context(cli) as context:
        assert behind_the_command(cli, context, given.split()) == read.split()


def test_a_command_that_has_none_of_them_refuses_them(scanyard: Run) -> None:
    result = scanyard("-n", "team", "version")
    assert result.exit_code == 2
    assert "No such option '-n'" in result.err


def test_both_places_do_the_same(scanyard: Run, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    before = scanyard("--kubeconfig", absent, "list")
    behind = scanyard("list", "--kubeconfig", absent)
    assert (before.exit_code, before.err) == (behind.exit_code, behind.err)
    assert before.exit_code == 4


def test_the_help_names_them(scanyard: Run) -> None:
    for flag in ("--namespace NAME", "--all-namespaces", "--kubeconfig FILE", "--context NAME"):
        assert flag in scanyard("--help").out


def test_without_a_command_that_is_what_is_missing(scanyard: Run) -> None:
    assert "Missing command" in scanyard("-n", "team").err
